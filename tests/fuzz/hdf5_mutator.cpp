// Mutates HDF5 files. Most changes of metadata end at its checksum, and none of them can harm HDF5. Where it is asked
// for, checksums are set right afterwards, as whoever forges a file does, and files of HDF5's older formats, whose
// metadata has none, are changed too: the library has no other defence, and faults of its own.

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
constexpr std::size_t version_place = 8;  // of the superblock's version, behind the signature

/// Whether the file is of a format before 1.8, whose metadata has no checksums.
bool is_old(const std::uint8_t* data, std::size_t size) {
  return size > version_place && std::memcmp(data + 1, "HDF", 3) == 0 && data[version_place] < 2;
}

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
  static const bool forge = std::getenv("RANKWISE_FUZZ_FORGE") != nullptr;
  if (!forge && is_old(data, size)) return size;
  const std::size_t mutated = LLVMFuzzerMutate(data, size, max_size);
  if (!forge && is_old(data, mutated)) data[version_place] = 0xFF;
  if (forge && seed % 16 != 0) seal_all(data, mutated);
  return mutated;
}
