#pragma once
// What a run on any number of ranks would compute and exchange: a pure value, found from row sizes and columns without
// those ranks. Partition and needed rows are those of the run itself (Partition::by_cost, ExchangePlan).
//
//   const SideWork users = side_work(user_sizes, ...), items = side_work(item_sizes, ...);
//   LayoutPlan plan(users, items, 1024, 16);
//   for (blocks of user rows, ascending) plan.add(block);        // once per layout, memory O(items + ranks)

#include <span>
#include <vector>

#include "distributed/node_map.hpp"
#include "distributed/partition.hpp"
#include "distributed/solver_plan.hpp"
#include "kernels/objective.hpp"

namespace rankwise {

/// Work of all chunks of chunk_rows rows of one side; the same for every layout.
struct SideWork {
  Index rows = 0;
  std::vector<double> partition_costs;  ///< chunk_costs(): what the partition weighs, seconds
  std::vector<double> solve_seconds;    ///< by the method that solves, one thread of the table's machine
  std::vector<double> flops;            ///< primal-equivalent, as half_sweep counts them
  std::vector<Index> entries;
  std::vector<Index> longest_row;  ///< entries
  std::vector<Index> heavy_parts;  ///< parts of heavy rows; 0 where there are none
  double heaviest_row_cost = 0;    ///< of one row, in the unit of partition_costs
};

/// `row_sizes`: entries of every row of the side.
[[nodiscard]] SideWork side_work(std::span<const Index> row_sizes, const Objective& objective, const SolverPlan& method,
                                 Index width);

/// How many rows have 0, 1, ... longest_counted_row entries, as plan_solver wants it.
[[nodiscard]] std::vector<Index> rows_by_size(std::span<const Index> row_sizes);

/// One rank's share of one side's half-sweep.
struct RankShare {
  RowRange rows;
  Index entries = 0;
  Index longest_row = 0;  ///< entries
  Index heavy_parts = 0;
  double partition_cost = 0;
  double solve_seconds = 0;
  double flops = 0;
  Index needed_rows = 0;    ///< of the other side: the gathered matrix of this rank's node
  Index sharers = 1;        ///< ranks of the node, which have that matrix together
  Index own_rows = 0;       ///< of those, this rank's, which it copies
  Index received_rows = 0;  ///< of those, from other nodes by this rank
  Index sent_rows = 0;      ///< ExchangePlan::sent_rows()
  Index senders = 0;        ///< ranks that send to this one
  Index receivers = 0;

  /// This rank's part of the gathered matrix.
  [[nodiscard]] Index gathered_rows() const { return (needed_rows + sharers - 1) / sharers; }
};

/// Consecutive user rows: entries of row first_row + r are columns[offsets[r] .. offsets[r + 1]), ascending global
/// items; offsets begin at 0.
struct PatternRows {
  Index first_row = 0;
  std::span<const Index> offsets;
  std::span<const Index> columns;
};

class LayoutPlan {
 public:
  /// Partitions both sides; ranks >= 1. So many consecutive ranks (>= 1) share what they gather.
  LayoutPlan(const SideWork& users, const SideWork& items, int ranks, int ranks_per_node);

  /// Counts what the next user rows need, and who needs them. Rows come in ascending order, each once; columns lie in
  /// [0, items).
  void add(const PatternRows& rows);

  [[nodiscard]] int ranks() const { return user_rows_.parts(); }
  [[nodiscard]] const Partition& user_rows() const { return user_rows_; }
  [[nodiscard]] const Partition& item_rows() const { return item_rows_; }
  /// Shares of the half-sweep that solves users, by rank; its needed rows are items.
  [[nodiscard]] const std::vector<RankShare>& user_sweep() const { return user_sweep_; }
  /// Likewise for items; its needed rows are users.
  [[nodiscard]] const std::vector<RankShare>& item_sweep() const { return item_sweep_; }

 private:
  void count_row(int rank, std::span<const Index> columns);
  /// `node` needs a row of `owner`: copied where `owner` is one of its ranks, else sent to it in so many more messages.
  void note_need(std::vector<RankShare>& shares, int owner, int node, Index messages);
  void spread_needed_rows();

  NodeMap nodes_;
  Partition user_rows_;
  Partition item_rows_;
  std::vector<RankShare> user_sweep_;
  std::vector<RankShare> item_sweep_;
  std::vector<int> user_owner_;    // by chunk
  std::vector<int> item_owner_;    // by chunk
  std::vector<Index> user_needs_;  // by node: items that its users name
  std::vector<Index> item_needs_;
  std::vector<int> last_reader_;    // by item: the last node whose users were found to need it
  std::vector<int> last_sent_to_;   // by rank: the last node that was found to receive items from it
  std::vector<int> last_asked_by_;  // by node: the last rank whose users it was found to need
};

/// Largest over mean; 1 where there is nothing.
[[nodiscard]] double imbalance(std::span<const RankShare> shares, double RankShare::*what);

}  // namespace rankwise
