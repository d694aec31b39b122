#pragma once
// Folds of rows, and what each leaves to learn from.

#include <cstdint>
#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/rows/ids.hpp"

namespace rankwise {

/// A fold from 0 to folds - 1 for each id, by a draw that the seed and the id key: the same on any ranks, whatever
/// other ids there are.
[[nodiscard]] std::vector<std::int32_t> folds_of_ids(const Ids& ids, std::uint64_t seed, std::int32_t folds);

/// Rows that are in no fold of this number: 1, else 0.
[[nodiscard]] std::vector<std::uint8_t> rows_outside(std::span<const std::int32_t> folds, std::int32_t fold);

}  // namespace rankwise
