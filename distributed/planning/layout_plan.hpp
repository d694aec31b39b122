#pragma once
// What a run on any number of ranks would compute and exchange: a pure value, found from row sizes and columns without
// those ranks. Partition, shared rows and needed rows are those of the run itself (plan_side, ExchangePlan).
//
//   const SideWork users = side_work(user_sizes, ...), items = side_work(item_sizes, ...);
//   LayoutPlan plan(users, items, objective, 1024, 16);
//   for (blocks of user rows, ascending) plan.add(block);        // once per layout, memory O(items + ranks)

#include <span>
#include <vector>

#include "distributed/planning/side_work.hpp"

namespace rankwise {

/// Consecutive user rows: entries of row first_row + r are columns[offsets[r] .. offsets[r + 1]), ascending global
/// items; offsets begin at 0.
struct PatternRows {
  Index first_row = 0;
  std::span<const Index> offsets;
  std::span<const Index> columns;
};

class LayoutPlan {
 public:
  /// Partitions both sides and shares rows; ranks >= 1. So many consecutive ranks (>= 1) share what they gather.
  LayoutPlan(const SideWork& users, const SideWork& items, const Objective& objective, int ranks, int ranks_per_node);

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
  /// What nodes that sum parts of other nodes' users are found to need: these do not come node by node.
  struct GuestNeeds {
    std::vector<bool> items;
    std::vector<bool> senders;  // ranks
  };
  void count_row(Index user, std::span<const Index> columns);
  void need_item(int node, Index item);
  void need_user(int node, Index user);
  /// The rank that has the next entry of the item.
  [[nodiscard]] int reader_of_entry(Index item);
  /// `node` needs a row of `owner`: copied where `owner` is one of its ranks, else sent to it in so many more messages.
  void note_need(std::vector<RankShare>& shares, int owner, int node, Index messages);
  void spread_needed_rows();

  NodeMap nodes_;
  Partition user_rows_;
  Partition item_rows_;
  std::vector<SharedRow> shared_users_;
  std::vector<SharedRow> shared_items_;
  std::vector<RankShare> user_sweep_;
  std::vector<RankShare> item_sweep_;
  std::vector<int> user_owner_;    // by chunk
  std::vector<int> item_owner_;    // by chunk
  std::vector<Index> user_needs_;  // by node: items that its users name
  std::vector<Index> item_needs_;
  std::vector<int> last_reader_;         // by item: the last node whose users were found to need it
  std::vector<int> last_sent_to_;        // by rank: the last node that was found to receive items from it
  std::vector<int> last_asked_by_;       // by node: the last rank whose users it was found to need
  std::vector<Index> last_user_;         // by node: the last user that it was found to need
  std::vector<GuestNeeds> guest_needs_;  // by node; empty for the others
  std::vector<int> shared_item_of_;      // by item: its place in shared_items_, or -1; none where nothing is shared
  std::vector<Index> seen_entries_;      // of shared items
  std::size_t next_shared_user_ = 0;
};

}  // namespace rankwise
