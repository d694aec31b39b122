#pragma once
// Sums of many columns at once: a few reductions for all of them.

#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Of a column, over all ranks.
struct ColumnSum {
  double sum = 0;
  Index terms = 0;
};

/// order_free_sum (distributed/comm/order_free_sum.hpp) of each column, with the same bits; every rank has equally many
/// columns. By all threads. Collective over comm (three reductions for all columns together).
[[nodiscard]] std::vector<ColumnSum> order_free_sums(const Communicator& comm,
                                                     std::span<const std::span<const double>> columns);

}  // namespace rankwise
