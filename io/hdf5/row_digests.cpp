#include "io/hdf5/row_digests.hpp"

#include <bit>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace rankwise {

static_assert(std::endian::native == std::endian::little, "digests are over the file's little-endian bytes");

std::uint64_t digest_of(std::string_view bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

}  // namespace rankwise
