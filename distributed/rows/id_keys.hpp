#pragma once
// Numbers that name users and items on any rank and in any dataset: what draws are keyed by.

#include <cstdint>
#include <span>
#include <vector>

#include "distributed/rows/ids.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// XXH3-64 of the texts (UTF-8) of the ids at these positions, or of all; an integer and its digits have one key.
[[nodiscard]] std::vector<std::uint64_t> id_keys(const Ids& ids, std::span<const Index> positions);
[[nodiscard]] std::vector<std::uint64_t> id_keys(const Ids& ids);

}  // namespace rankwise
