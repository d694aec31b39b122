#pragma once
// Text for several files at once, each written by one rank, all of them whole or none complete.

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "io/files/commit.hpp"
#include "io/text/file_kind.hpp"
#include "jobs/recommend/files/list_manifest.hpp"
#include "kernels/base/types.hpp"
#include "kernels/process/file_descriptor.hpp"

namespace rankwise {

/// Files that a run has open at a time, at most.
inline constexpr Index most_list_files = 400;

/// File f is written by rank f modulo ranks, which receives the text of all others. Bytes do not depend on ranks, nor
/// on rounds. Collective over comm; throws AgreedError (cannot_create, io_error).
class SplitSink {
 public:
  SplitSink(const Communicator& comm, const std::vector<std::string>& paths, Packing packing);

  /// texts[f]: this rank's text for file f; in each file texts come in rank order, round by round.
  void append(const std::vector<std::string>& texts);
  /// Completes all files under their temporary names: what each has, the same on every rank.
  struct Written {
    Index bytes = 0;
    std::uint64_t digest = 0;
  };
  [[nodiscard]] std::vector<Written> finish();
  /// Puts the files in their places after before(), which the root calls when all are durable.
  void put_in_place(const std::function<void()>& before);

 private:
  struct File {
    std::unique_ptr<OutputFile> output;
    FileDescriptor descriptor;  // the writer's
    Index size = 0;
    std::string waiting;  // to be written
  };
  [[nodiscard]] bool is_mine(std::size_t file) const;
  /// Writes what waits for the files of this rank, packed in blocks of a fixed size.
  void write_waiting();
  void write_blocks(File& file, std::size_t least_bytes) const;

  const Communicator& comm_;
  Packing packing_;
  std::vector<File> files_;
};

}  // namespace rankwise
