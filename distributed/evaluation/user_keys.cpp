#include "distributed/evaluation/user_keys.hpp"

#include <string>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace rankwise {

std::vector<std::uint64_t> user_keys(const Ids& ids, std::span<const Index> positions) {
  std::vector<std::uint64_t> keys;
  keys.reserve(positions.size());
  for (const Index position : positions) {
    const std::string text = id_text(ids, position);
    keys.push_back(XXH3_64bits(text.data(), text.size()));
  }
  return keys;
}

}  // namespace rankwise
