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

/// The fold of a row that has no say in anything.
inline constexpr std::int32_t no_fold = -1;

/// Rows that are in a fold, but not in this one: 1, else 0.
[[nodiscard]] std::vector<std::uint8_t> rows_outside(std::span<const std::int32_t> folds, std::int32_t fold);

/// Values of the rows that are in a fold.
[[nodiscard]] std::vector<double> values_in_folds(std::span<const std::int32_t> folds, std::span<const double> values);

}  // namespace rankwise
