#include "distributed/rows/id_keys.hpp"

#include <numeric>
#include <string>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace rankwise {

std::vector<std::uint64_t> id_keys(const Ids& ids, std::span<const Index> positions) {
  std::vector<std::uint64_t> keys;
  keys.reserve(positions.size());
  for (const Index position : positions) {
    const std::string text = id_text(ids, position);
    keys.push_back(XXH3_64bits(text.data(), text.size()));
  }
  return keys;
}

std::vector<std::uint64_t> id_keys(const Ids& ids) {
  std::vector<Index> positions(static_cast<std::size_t>(id_count(ids)));
  std::iota(positions.begin(), positions.end(), Index{0});
  return id_keys(ids, positions);
}

}  // namespace rankwise
