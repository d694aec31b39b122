#pragma once
// Numbers that name users on any rank and in any dataset: what resampling is keyed by.

#include <cstdint>
#include <span>
#include <vector>

#include "distributed/rows/ids.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// XXH3-64 of the texts of the ids at these positions; an integer and its digits have one key.
[[nodiscard]] std::vector<std::uint64_t> user_keys(const Ids& ids, std::span<const Index> positions);

}  // namespace rankwise
