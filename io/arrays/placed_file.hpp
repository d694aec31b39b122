#pragma once
// A file whose layout is known before it is written: the root writes what is small, each rank its rows.

#include <cstdint>
#include <string>
#include <string_view>

#include "distributed/comm/communicator.hpp"
#include "io/arrays/shared_array.hpp"
#include "io/files/commit.hpp"
#include "kernels/base/types.hpp"
#include "kernels/process/file_descriptor.hpp"

namespace rankwise {

/// All members are collective over comm and throw AgreedError (cannot_create, io_error; and what arrays throw). The
/// file appears whole with commit().
class PlacedFile {
 public:
  /// `bytes`: what it will hold, for which space is secured.
  PlacedFile(const Communicator& comm, const std::string& path, Index bytes);

  /// The root's `text` at `offset`.
  void write(std::string_view text, Index offset);
  /// All rows of the array, the first one at `offset`. Returns the checksum (CRC-32) of all its bytes, on every rank.
  std::uint32_t write(const SharedArray& array, Index offset);
  void commit();

 private:
  const Communicator& comm_;
  OutputFile output_;
  FileDescriptor descriptor_;
};

/// The checksum (CRC-32) of a text.
[[nodiscard]] std::uint32_t crc_of(std::string_view text);
/// That of two texts behind each other, of which the second one has so many bytes.
[[nodiscard]] std::uint32_t joined_crc(std::uint32_t first, std::uint32_t second, Index second_bytes);

}  // namespace rankwise
