#pragma once
// Output files appear whole or not at all: written under a temporary name beside the target, then renamed.

#include <memory>
#include <string>
#include <string_view>

#include "distributed/comm/communicator.hpp"
#include "kernels/base/types.hpp"
#include "kernels/process/file_descriptor.hpp"

namespace rankwise {

class UnfinishedFile;

/// A file in the making, an UnfinishedFile of the root in the target's folder. What already stands at the target stays
/// untouched until commit(); an OutputFile that dies uncommitted removes its temporary file, as does a signal that ends
/// the root. Construction, reserve() and commit() are collective over comm and throw AgreedError.
class OutputFile {
 public:
  /// Creates the temporary file on the root, and removes those of the same target whose writer is dead. Errors:
  /// cannot_create when the folder is missing or not writable, the name or path is longer than the system takes, or
  /// `path` is a folder or another thing than a regular file. A symbolic link is followed: what it points to is
  /// replaced, or created if it does not exist.
  OutputFile(const Communicator& comm, std::string path);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  /// What the user calls the file; for messages.
  [[nodiscard]] const std::string& path() const { return path_; }
  /// The existing, empty file to write into; the same on every rank.
  [[nodiscard]] const std::string& temporary_path() const { return temporary_path_; }

  /// The file for this rank's bytes, by write_at(): ranks write places that do not overlap, and may be on several
  /// hosts. Not collective; throws Error(io_error).
  [[nodiscard]] FileDescriptor open_to_write() const;

  /// Secures disk space for a file of `bytes`, so that a full disk is noticed before long work is
  /// written. The file's size does not change. Errors: io_error.
  void reserve(Index bytes);

  /// Makes the content durable and puts it in the target's place. Every rank must have closed the file. Errors:
  /// io_error.
  void commit();

  /// The two steps of commit(), which call no MPI, so that another thread may take them: every rank makes durable what
  /// it has written, then, once all have, the root alone puts the file in its place. Throw Error(io_error).
  void make_durable() const;
  void put_in_place();

 private:
  const Communicator& comm_;
  std::string path_;
  std::string target_path_;  // path_ with links followed
  std::string temporary_path_;
  std::unique_ptr<UnfinishedFile> unfinished_;  // the root's, until it is in its place
};

/// Fails as OutputFile's construction would, and leaves nothing behind: for jobs that work long before they write.
/// Collective over comm.
void check_output(const Communicator& comm, const std::string& path);

/// Writes all bytes at `offset` of an open file. `path` is for messages; throws Error(io_error).
void write_at(const std::string& path, int descriptor, std::string_view bytes, Index offset);

/// A text file that ranks write together, in rounds. Construction, append() and commit() are collective over comm and
/// throw AgreedError (cannot_create, io_error).
class OrderedTextFile {
 public:
  OrderedTextFile(const Communicator& comm, std::string path);

  /// Appends every rank's text in rank order. BEFORE: the file ends at byte b; rank r holds n_r bytes. AFTER: rank r's
  /// text stands at b + n_0 + ... + n_(r-1), and the file ends after the last rank's.
  void append(std::string_view mine);
  void commit();

 private:
  const Communicator& comm_;
  OutputFile output_;
  FileDescriptor descriptor_;
  Index size_ = 0;
};

/// Writes a whole text file, every rank's text in rank order. Collective over comm; throws AgreedError (cannot_create,
/// io_error).
void write_text_in_rank_order(const Communicator& comm, const std::string& path, std::string_view mine);

}  // namespace rankwise
