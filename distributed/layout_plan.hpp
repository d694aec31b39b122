#pragma once
// What a run on any number of ranks would compute and exchange: a pure value, found from row sizes and columns without
// those ranks. Partition, shared rows and needed rows are those of the run itself (plan_side, ExchangePlan).
//
//   const SideWork users = side_work(user_sizes, ...), items = side_work(item_sizes, ...);
//   LayoutPlan plan(users, items, 1024);
//   for (blocks of user rows, ascending) plan.add(block);        // once per layout, memory O(items + ranks)

#include <span>
#include <vector>

#include "distributed/partition.hpp"
#include "distributed/shared_rows.hpp"
#include "distributed/solver_plan.hpp"
#include "kernels/objective.hpp"

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
  Index needed_rows = 0;    ///< of the other side: the gathered matrix
  Index received_rows = 0;  ///< of those, from other ranks
  Index sent_rows = 0;      ///< ExchangePlan::sent_rows()
  Index senders = 0;        ///< ranks that send rows to this one
  Index receivers = 0;

  /// HalfSweep::bytes_sent
  [[nodiscard]] Index bytes_sent(Index row_bytes) const { return sent_rows * row_bytes + part_bytes_sent; }
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
  /// Partitions both sides and shares rows; ranks >= 1.
  LayoutPlan(const SideWork& users, const SideWork& items, const Objective& objective, int ranks);

  /// Counts what the next user rows need, and who needs them. Rows come in ascending order, each once; columns lie in
  /// [0, items).
  void add(const PatternRows& rows);

  [[nodiscard]] int ranks() const { return user_rows_.parts(); }
  [[nodiscard]] const Partition& user_rows() const { return user_rows_; }
  [[nodiscard]] const Partition& item_rows() const { return item_rows_; }
  [[nodiscard]] const std::vector<SharedRow>& shared_users() const { return shared_users_; }
  [[nodiscard]] const std::vector<SharedRow>& shared_items() const { return shared_items_; }
  /// Shares of the half-sweep that solves users, by rank; its needed rows are items.
  [[nodiscard]] const std::vector<RankShare>& user_sweep() const { return user_sweep_; }
  /// Likewise for items; its needed rows are users.
  [[nodiscard]] const std::vector<RankShare>& item_sweep() const { return item_sweep_; }

 private:
  void count_row(Index user, std::span<const Index> columns);
  void need_item(int rank, Index item);
  void need_user(int rank, Index user);
  [[nodiscard]] int reader_of_entry(Index item);

  Partition user_rows_;
  Partition item_rows_;
  std::vector<SharedRow> shared_users_;
  std::vector<SharedRow> shared_items_;
  std::vector<RankShare> user_sweep_;
  std::vector<RankShare> item_sweep_;
  std::vector<int> user_owner_;     // by chunk
  std::vector<int> item_owner_;     // by chunk
  std::vector<int> last_reader_;    // by item: the last rank whose users were found to need it
  std::vector<int> last_sent_to_;   // by rank: the last rank that was found to receive items from it
  std::vector<int> last_asked_by_;  // by rank: the last rank whose users it was found to need
  std::vector<Index> last_user_;    // by rank: the last user that it was found to need
  /// What ranks that sum parts of other ranks' users are found to need: these do not come rank by rank.
  struct GuestNeeds {
    std::vector<bool> items;
    std::vector<bool> senders;
  };
  std::vector<GuestNeeds> guest_needs_;  // by rank; empty for the others
  std::vector<int> shared_item_of_;      // by item: its place in shared_items_, or -1; none where nothing is shared
  std::vector<Index> seen_entries_;      // of shared items
  std::size_t next_shared_user_ = 0;
};

/// Largest over mean; 1 where there is nothing.
[[nodiscard]] double imbalance(std::span<const RankShare> shares, double RankShare::*what);

}  // namespace rankwise
