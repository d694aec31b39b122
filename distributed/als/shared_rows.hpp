#pragma once
// Rows that cost so much that no partition of whole rows is fair: other ranks sum parts of them. A pure value, testable
// at any number of ranks without MPI.

#include <span>
#include <vector>

#include "distributed/rows/partition.hpp"
#include "distributed/rows/row_piece.hpp"

namespace rankwise {

/// The least entries of a row that is worth sharing: the sum of a part is a square that travels, 66 KB at k = 128, in a
/// hundredth of the time that so many entries take.
inline constexpr Index shareable_entries = 1024;

/// A row that may be shared.
struct LongRow {
  Index row = 0;  ///< global
  Index entries = 0;
};

/// A row of which several ranks sum parts (kernels::part_range). Its owner adds the sums in order and solves.
struct SharedRow {
  Index row = 0;  ///< global
  Index entries = 0;
  std::vector<int> ranks;  ///< by part
  friend bool operator==(const SharedRow&, const SharedRow&) = default;
};

/// Moves parts of long rows from ranks that have more than their fair share of the cost, longest rows first, to ranks
/// that have less, until no rank is more than 3% above it or nothing is gained: to those with the least first, each
/// filled before the next, so that few ranks need the same rows of the other side. Nothing is shared where the
/// partition is within 5% of fair. `rank_costs` are seconds; `long_rows`, ascending, are all rows of ranks above the
/// fair share that have shareable_entries or more and whose normal equations are built; `entry_seconds` is what an
/// entry of them costs. The result ascends by row.
[[nodiscard]] std::vector<SharedRow> share_rows(const Partition& partition, std::span<const double> rank_costs,
                                                std::span<const LongRow> long_rows, double entry_seconds);

/// The parts that `rank` sums, ascending.
[[nodiscard]] std::vector<SharedPart> parts_of(std::span<const SharedRow> shared, int rank);

/// Those of the rows that lie in `rows`.
[[nodiscard]] std::span<const SharedRow> shared_within(std::span<const SharedRow> shared, RowRange rows);

}  // namespace rankwise
