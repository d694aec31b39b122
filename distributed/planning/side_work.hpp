#pragma once
// The work of one side's half-sweep, all of it and each rank's share. Plain values, from row sizes alone.

#include <span>
#include <vector>

#include "distributed/als/shared_rows.hpp"
#include "distributed/als/solver_plan.hpp"
#include "distributed/exchange/node_map.hpp"
#include "distributed/rows/partition.hpp"
#include "kernels/als/objective.hpp"

namespace rankwise {

/// Work of all chunks of chunk_rows rows of one side; the same for every layout.
struct SideWork {
  Index rows = 0;
  Index width = 0;
  std::vector<double> solve_seconds;  ///< chunk_costs(): what the partition weighs
  std::vector<double> flops;          ///< primal-equivalent, as half_sweep counts them
  std::vector<Index> entries;
  std::vector<Index> longest_row;   ///< entries
  std::vector<LongRow> long_rows;   ///< that may be shared, ascending
  double heaviest_row_seconds = 0;  ///< of one row
};

/// `row_sizes`: entries of every row of the side.
[[nodiscard]] SideWork side_work(std::span<const Index> row_sizes, const Objective& objective, const SolverPlan& method,
                                 Index width);

/// One rank's share of one side's half-sweep.
struct RankShare {
  RowRange rows;
  Index entries = 0;          ///< in its rows and parts
  Index longest_row = 0;      ///< entries; of the rows that are not shared
  Index heavy_parts = 0;      ///< of its heavy rows that are not shared
  Index part_sums = 0;        ///< of shared rows: of the parts that it sums, and of all parts of those that it owns
  Index part_bytes_sent = 0;  ///< of shared rows: sums, solutions and losses
  double solve_seconds = 0;   ///< by the method that solves, one thread of the table's machine
  double flops = 0;
  Index needed_rows = 0;    ///< of the other side: the gathered matrix of this rank's node
  Index sharers = 1;        ///< ranks of the node, which have that matrix together
  Index own_rows = 0;       ///< of those, this rank's, which it copies
  Index received_rows = 0;  ///< of those, from other nodes by this rank
  Index sent_rows = 0;      ///< ExchangePlan::sent_rows()
  Index senders = 0;        ///< ranks that send rows to this one
  Index receivers = 0;

  /// This rank's part of the gathered matrix.
  [[nodiscard]] Index gathered_rows() const { return (needed_rows + sharers - 1) / sharers; }
  /// HalfSweep::bytes_sent
  [[nodiscard]] Index bytes_sent(Index row_bytes) const { return sent_rows * row_bytes + part_bytes_sent; }
};

/// The work of each rank, without what is gathered.
[[nodiscard]] std::vector<RankShare> shares_of(const SideWork& work, const Partition& partition,
                                               std::span<const SharedRow> shared, const Objective& objective,
                                               const NodeMap& nodes);

/// Largest over mean; 1 where there is nothing.
[[nodiscard]] double imbalance(std::span<const RankShare> shares, double RankShare::*what);

}  // namespace rankwise
