#pragma once
// Where lists as text go: a file, a packed file, or standard output.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "distributed/comm/communicator.hpp"
#include "io/files/commit.hpp"
#include "io/text/file_kind.hpp"
#include "kernels/process/file_descriptor.hpp"

namespace rankwise {

/// Takes every rank's text in rank order, in rounds. Plain files are written by all ranks; what is packed, or goes to
/// standard output, by the root. Collective over comm; throws AgreedError (cannot_create, io_error). A file appears
/// whole with commit(), standard output as the text comes.
class TextSink {
 public:
  /// `path`: "-" is standard output, which has no packing.
  TextSink(const Communicator& comm, const std::string& path, Packing packing);

  void append(std::string_view mine);
  void commit();

 private:
  /// Packs what waits on the root in blocks of a fixed size, so that bytes do not depend on rounds.
  void write_blocks(std::size_t least_bytes);

  const Communicator& comm_;
  Packing packing_;
  std::optional<OrderedTextFile> plain_;
  std::optional<OutputFile> packed_;
  FileDescriptor descriptor_;
  Index size_ = 0;       // of the packed file
  std::string waiting_;  // to be packed
};

}  // namespace rankwise
