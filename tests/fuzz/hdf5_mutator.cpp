// Mutates HDF5 files past their checksums: most changes of metadata would end at the first checksum, which whoever
// forges a file sets right. So does this, most of the time.

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

// libFuzzer's own mutations.
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);
// HDF5's checksum of metadata; the library exports it without a public header.
extern "C" std::uint32_t H5_checksum_metadata(const void* data, std::size_t size, std::uint32_t start);

namespace {

constexpr std::size_t checksum_bytes = 4;

void seal(std::uint8_t* data, std::size_t size, std::size_t begin, std::size_t length) {
  if (begin > size || length > size - begin || checksum_bytes > size - begin - length) return;
  const std::uint32_t sum = H5_checksum_metadata(data + begin, length, 0);
  std::memcpy(data + begin + length, &sum, sizeof sum);
}

/// Bytes of an object header's first chunk before its checksum ("HDF5 File Format Specification", IV.A.1.b).
std::size_t header_length(const std::uint8_t* data, std::size_t size, std::size_t begin) {
  if (size - begin < 6) return size;
  const unsigned flags = data[begin + 5];
  std::size_t length = 6;
  if ((flags & 0x20U) != 0) length += 16;  // times
  if ((flags & 0x10U) != 0) length += 4;   // limits of attribute storage
  const std::size_t width = std::size_t{1} << (flags & 3U);
  if (width > size - begin || length > size - begin - width) return size;
  std::uint64_t chunk = 0;
  std::memcpy(&chunk, data + begin + length, width);
  length += width;
  return chunk > size ? size : length + static_cast<std::size_t>(chunk);
}

void seal_all(std::uint8_t* data, std::size_t size) {
  constexpr std::size_t superblock_length = 44;    // versions 2 and 3
  constexpr std::size_t tree_header_length = 34;   // version 2 B-tree
  constexpr std::size_t array_header_length = 24;  // fixed array
  if (size > 8 && (data[8] == 2 || data[8] == 3)) seal(data, size, 0, superblock_length);
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (std::size_t at = bytes.find("OHDR"); at != std::string_view::npos; at = bytes.find("OHDR", at + 4)) {
    seal(data, size, at, header_length(data, size, at));
  }
  for (std::size_t at = bytes.find("BTHD"); at != std::string_view::npos; at = bytes.find("BTHD", at + 4)) {
    seal(data, size, at, tree_header_length);
  }
  for (std::size_t at = bytes.find("FAHD"); at != std::string_view::npos; at = bytes.find("FAHD", at + 4)) {
    seal(data, size, at, array_header_length);
  }
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed);
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
  const std::size_t mutated = LLVMFuzzerMutate(data, size, max_size);
  static const bool forge = std::getenv("RANKWISE_FUZZ_FORGE") != nullptr;
  if (forge && seed % 16 != 0) seal_all(data, mutated);
  return mutated;
}
