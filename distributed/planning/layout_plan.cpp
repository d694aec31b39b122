#include "distributed/planning/layout_plan.hpp"

#include "distributed/planning/side_plan.hpp"
#include "kernels/als/solve_rows.hpp"
#include "kernels/cost/solver_rates.hpp"

namespace rankwise {

namespace {

constexpr int none = -1;

std::vector<int> owners_of_chunks(const Partition& partition) {
  std::vector<int> owners(at(chunk_count(partition.rows())));
  for (int part = 0; part < partition.parts(); ++part) {
    const RowRange rows = partition.range(part);
    if (rows.size() == 0) continue;
    for (Index chunk = rows.begin / chunk_rows; chunk < chunk_count(rows.end); ++chunk) owners[at(chunk)] = part;
  }
  return owners;
}

std::vector<SharedRow> shared_rows(const SideWork& work, const Partition& partition) {
  return share_rows(partition, rank_costs(partition, work.solve_seconds), work.long_rows,
                    kernels::entry_seconds(work.width));
}

}  // namespace

LayoutPlan::LayoutPlan(const SideWork& users, const SideWork& items, const Objective& objective, int ranks,
                       int ranks_per_node)
    : nodes_(NodeMap::consecutive(ranks, ranks_per_node)),
      user_rows_(Partition::by_cost(users.rows, users.solve_seconds, ranks)),
      item_rows_(Partition::by_cost(items.rows, items.solve_seconds, ranks)),
      shared_users_(shared_rows(users, user_rows_)),
      shared_items_(shared_rows(items, item_rows_)),
      user_sweep_(shares_of(users, user_rows_, shared_users_, objective, nodes_)),
      item_sweep_(shares_of(items, item_rows_, shared_items_, objective, nodes_)),
      user_owner_(owners_of_chunks(user_rows_)),
      item_owner_(owners_of_chunks(item_rows_)),
      user_needs_(at(nodes_.nodes())),
      item_needs_(at(nodes_.nodes())),
      last_reader_(at(items.rows), none),
      last_sent_to_(at(ranks), none),
      last_asked_by_(at(nodes_.nodes()), none),
      last_user_(at(nodes_.nodes()), none),
      guest_needs_(at(nodes_.nodes())),
      seen_entries_(shared_items_.size()) {
  for (const SharedRow& row : shared_users_) {
    const int home = nodes_.node(user_rows_.owner(row.row));
    for (const int rank : row.ranks) {
      if (nodes_.node(rank) == home) continue;
      GuestNeeds& guest = guest_needs_[at(nodes_.node(rank))];
      guest.items.resize(at(items.rows));
      guest.senders.resize(at(ranks));
    }
  }
  if (!shared_items_.empty()) shared_item_of_.assign(at(items.rows), none);
  for (std::size_t i = 0; i < shared_items_.size(); ++i) {
    shared_item_of_[at(shared_items_[i].row)] = static_cast<int>(i);
  }
}

void LayoutPlan::add(const PatternRows& rows) {
  for (std::size_t r = 0; r + 1 < rows.offsets.size(); ++r) {
    count_row(rows.first_row + static_cast<Index>(r),
              rows.columns.subspan(at(rows.offsets[r]), at(rows.offsets[r + 1] - rows.offsets[r])));
  }
  spread_needed_rows();
}

void LayoutPlan::count_row(Index user, std::span<const Index> columns) {
  // 1. Users' half-sweep: who needs the user's items.
  if (next_shared_user_ < shared_users_.size() && shared_users_[next_shared_user_].row == user) {
    const SharedRow& shared = shared_users_[next_shared_user_++];
    for (std::size_t p = 0; p < shared.ranks.size(); ++p) {
      const RowRange part = kernels::part_range(shared.entries, static_cast<Index>(p));
      for (const Index item : columns.subspan(at(part.begin), at(part.size())))
        need_item(nodes_.node(shared.ranks[p]), item);
    }
  } else {
    const int node = nodes_.node(user_owner_[at(user / chunk_rows)]);
    for (const Index item : columns) need_item(node, item);
  }
  // 2. Items' half-sweep: who needs the user.
  for (const Index item : columns) need_user(nodes_.node(reader_of_entry(item)), user);
}

void LayoutPlan::need_item(int node, Index item) {
  const int owner = item_owner_[at(item / chunk_rows)];
  GuestNeeds& guest = guest_needs_[at(node)];
  bool is_new_sender = false;
  if (!guest.items.empty()) {
    if (guest.items[at(item)]) return;
    guest.items[at(item)] = true;
    is_new_sender = !guest.senders[at(owner)];
    guest.senders[at(owner)] = true;
  } else {
    // Users come node by node, so the last reader tells.
    if (last_reader_[at(item)] == node) return;
    last_reader_[at(item)] = node;
    is_new_sender = last_sent_to_[at(owner)] != node;
    last_sent_to_[at(owner)] = node;
  }
  ++user_needs_[at(node)];
  note_need(user_sweep_, owner, node, is_new_sender ? 1 : 0);
}

void LayoutPlan::need_user(int node, Index user) {
  if (last_user_[at(node)] == user) return;
  last_user_[at(node)] = user;
  ++item_needs_[at(node)];
  const int owner = user_owner_[at(user / chunk_rows)];
  note_need(item_sweep_, owner, node, last_asked_by_[at(node)] != owner ? 1 : 0);
  last_asked_by_[at(node)] = owner;
}

int LayoutPlan::reader_of_entry(Index item) {
  const int shared = shared_item_of_.empty() ? -1 : shared_item_of_[at(item)];
  if (shared < 0) return item_owner_[at(item / chunk_rows)];
  // A row's entries come in order, as users do.
  const SharedRow& row = shared_items_[at(shared)];
  return row.ranks[at(seen_entries_[at(shared)]++ / kernels::part_length(row.entries))];
}

void LayoutPlan::note_need(std::vector<RankShare>& shares, int owner, int node, Index messages) {
  RankShare& sender = shares[at(owner)];
  if (nodes_.node(owner) == node) {
    ++sender.own_rows;
    return;
  }
  RankShare& receiver = shares[at(nodes_.receiver(node, owner))];
  ++sender.sent_rows;
  ++receiver.received_rows;
  sender.receivers += messages;
  receiver.senders += messages;
}

void LayoutPlan::spread_needed_rows() {
  for (int rank = 0; rank < nodes_.ranks(); ++rank) {
    user_sweep_[at(rank)].needed_rows = user_needs_[at(nodes_.node(rank))];
    item_sweep_[at(rank)].needed_rows = item_needs_[at(nodes_.node(rank))];
  }
}

}  // namespace rankwise
