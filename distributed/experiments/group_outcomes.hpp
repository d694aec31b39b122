#pragma once
// Exact sums of an outcome by cell and group: a cell is a segment, an offer, a decile, or the whole list.

#include <cstdint>
#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "kernels/base/types.hpp"
#include "kernels/experiments/exact_sums.hpp"

namespace rankwise {

/// A customer of this rank in a cell. A customer may be in several, or in none.
struct CellMember {
  std::int32_t customer = 0;  ///< local
  std::int32_t cell = 0;
};

/// One of a cell's groups.
struct GroupOutcome {
  OutcomeSums sums;
  Index contributors = 0;  ///< customers whose outcome is not 0
  double magnitude = 0;    ///< of absolute outcomes, in units
  double largest = 0;      ///< the largest absolute outcome, in units
  [[nodiscard]] bool is_dominated() const { return contributors > 0 && largest > magnitude - largest; }
};

/// cells x groups, row by row. `group_of`: of each of this rank's customers, below `groups`, or -1 for none; `outcomes`
/// and `past` likewise, in millionths. The same on every rank. Collective over comm.
[[nodiscard]] std::vector<GroupOutcome> sum_outcomes(const Communicator& comm, std::span<const CellMember> members,
                                                     Index cells, std::span<const std::int32_t> group_of, Index groups,
                                                     std::span<const std::int64_t> outcomes,
                                                     std::span<const std::int64_t> past);

/// The least value of those in a group that at least this share of them are not above; 0 without any. Collective over
/// comm.
[[nodiscard]] std::int64_t pooled_quantile(const Communicator& comm, std::span<const std::int64_t> values,
                                           std::span<const std::int32_t> group_of, double share);

/// How money is cut, so that the largest amounts decide nothing, and what may be said of it.
struct MoneyCut {
  std::int64_t bound_millionths = 0;  ///< money above it counts as this much
  bool is_printable = false;
};

/// The bound is pooled_quantile of `share`, rounded down to two digits, so that it is nobody's amount. The row of cut
/// money may be printed beside that of all money if, in each group, nobody lies above the bound, or at least `least`
/// customers of whom none has more than half of what is cut off; and somebody does. Collective over comm.
[[nodiscard]] MoneyCut money_cut(const Communicator& comm, std::span<const std::int64_t> values,
                                 std::span<const std::int32_t> group_of, Index groups, double share, Index least);

}  // namespace rankwise
