#include "distributed/layout_plan.hpp"

#include <algorithm>

#include "distributed/side_plan.hpp"
#include "kernels/matrix.hpp"
#include "kernels/solve_rows.hpp"
#include "kernels/solver_rates.hpp"

namespace rankwise {

namespace {

constexpr int no_rank = -1;

std::size_t at(Index i) {
  return static_cast<std::size_t>(i);
}

std::vector<int> owners_of_chunks(const Partition& partition) {
  std::vector<int> owners(at(chunk_count(partition.rows())));
  for (int part = 0; part < partition.parts(); ++part) {
    const RowRange rows = partition.range(part);
    if (rows.size() == 0) continue;
    for (Index chunk = rows.begin / chunk_rows; chunk < chunk_count(rows.end); ++chunk) owners[at(chunk)] = part;
  }
  return owners;
}

/// What sharing takes off a rank's rows and puts on it.
void add_sharing(const SideWork& work, const Partition& partition, std::span<const SharedRow> shared,
                 const Objective& objective, std::vector<RankShare>& shares) {
  const Index padded = padded_columns(work.width);
  constexpr auto float_bytes = static_cast<Index>(sizeof(float));
  const double entry_seconds = kernels::entry_seconds(work.width);
  for (const SharedRow& row : shared) {
    const int owner = partition.owner(row.row);
    RankShare& giver = shares[at(owner)];
    giver.part_sums += static_cast<Index>(row.ranks.size());
    for (std::size_t p = 0; p < row.ranks.size(); ++p) {
      const Index entries = kernels::part_range(row.entries, static_cast<Index>(p)).size();
      RankShare& taker = shares[at(row.ranks[p])];
      giver.entries -= entries;
      taker.entries += entries;
      giver.solve_seconds -= static_cast<double>(entries) * entry_seconds;
      taker.solve_seconds += static_cast<double>(entries) * entry_seconds;
      giver.flops -= kernels::entry_flops(entries, work.width);
      taker.flops += kernels::entry_flops(entries, work.width);
      ++taker.part_sums;
      if (row.ranks[p] == owner) continue;
      taker.part_bytes_sent += padded * (padded + 1) * float_bytes;
      if (objective.has_closed_loss()) continue;
      taker.part_bytes_sent += static_cast<Index>(sizeof(kernels::RowLoss));
      if (p == 0 || row.ranks[p - 1] != row.ranks[p]) giver.part_bytes_sent += padded * float_bytes;
    }
  }
}

/// The heavy rows that each rank keeps for itself.
void count_heavy_rows(const SideWork& work, const Partition& partition, std::span<const SharedRow> shared,
                      std::vector<RankShare>& shares) {
  for (const SharedRow& row : shared) shares[at(partition.owner(row.row))].longest_row = shareable_entries - 1;
  auto next_shared = shared.begin();
  for (const LongRow& row : work.long_rows) {
    if (next_shared != shared.end() && next_shared->row == row.row) {
      ++next_shared;
      continue;
    }
    RankShare& share = shares[at(partition.owner(row.row))];
    share.longest_row = std::max(share.longest_row, row.entries);
    if (kernels::is_heavy(row.entries)) share.heavy_parts += kernels::part_count(row.entries);
  }
}

std::vector<RankShare> shares_of(const SideWork& work, const Partition& partition, std::span<const SharedRow> shared,
                                 const Objective& objective) {
  std::vector<RankShare> shares(at(partition.parts()));
  for (int part = 0; part < partition.parts(); ++part) {
    RankShare& share = shares[at(part)];
    share.rows = partition.range(part);
    if (share.rows.size() == 0) continue;
    for (Index c = share.rows.begin / chunk_rows; c < chunk_count(share.rows.end); ++c) {
      share.entries += work.entries[at(c)];
      share.longest_row = std::max(share.longest_row, work.longest_row[at(c)]);
      share.solve_seconds += work.solve_seconds[at(c)];
      share.flops += work.flops[at(c)];
    }
  }
  count_heavy_rows(work, partition, shared, shares);
  add_sharing(work, partition, shared, objective, shares);
  return shares;
}

std::vector<SharedRow> shared_rows(const SideWork& work, const Partition& partition) {
  return share_rows(partition, rank_costs(partition, work.solve_seconds), work.long_rows,
                    kernels::entry_seconds(work.width));
}

}  // namespace

SideWork side_work(std::span<const Index> row_sizes, const Objective& objective, const SolverPlan& method,
                   Index width) {
  const auto rows = static_cast<Index>(row_sizes.size());
  const std::size_t chunks = at(chunk_count(rows));
  SideWork work;
  work.rows = rows;
  work.width = width;
  work.solve_seconds = chunk_costs(row_sizes, objective, method, width);
  work.flops.resize(chunks);
  work.entries.resize(chunks);
  work.longest_row.resize(chunks);
  const bool has_gramian = objective.loss == LossKind::implicit_feedback;
  const auto k = static_cast<double>(width);
  for (Index r = 0; r < rows; ++r) {
    const Index size = row_sizes[at(r)];
    const std::size_t chunk = at(r / chunk_rows);
    work.flops[chunk] += kernels::solve_row_flops(size, width) + (has_gramian ? k * (k + 1) : 0.0);
    work.entries[chunk] += size;
    work.longest_row[chunk] = std::max(work.longest_row[chunk], size);
    if (is_shareable(method, size)) work.long_rows.push_back({r, size});
  }
  const Index longest = rows > 0 ? *std::ranges::max_element(row_sizes) : 0;
  work.heaviest_row_seconds = chunk_costs(std::span(&longest, 1), objective, method, width).front();
  return work;
}

LayoutPlan::LayoutPlan(const SideWork& users, const SideWork& items, const Objective& objective, int ranks)
    : user_rows_(Partition::by_cost(users.rows, users.solve_seconds, ranks)),
      item_rows_(Partition::by_cost(items.rows, items.solve_seconds, ranks)),
      shared_users_(shared_rows(users, user_rows_)),
      shared_items_(shared_rows(items, item_rows_)),
      user_sweep_(shares_of(users, user_rows_, shared_users_, objective)),
      item_sweep_(shares_of(items, item_rows_, shared_items_, objective)),
      user_owner_(owners_of_chunks(user_rows_)),
      item_owner_(owners_of_chunks(item_rows_)),
      last_reader_(at(items.rows), no_rank),
      last_sent_to_(at(ranks), no_rank),
      last_asked_by_(at(ranks), no_rank),
      last_user_(at(ranks), -1),
      guest_needs_(at(ranks)),
      seen_entries_(shared_items_.size()) {
  for (const SharedRow& row : shared_users_) {
    for (const int rank : row.ranks) {
      if (rank == user_rows_.owner(row.row)) continue;
      guest_needs_[at(rank)].items.resize(at(items.rows));
      guest_needs_[at(rank)].senders.resize(at(ranks));
    }
  }
  if (!shared_items_.empty()) shared_item_of_.assign(at(items.rows), -1);
  for (std::size_t i = 0; i < shared_items_.size(); ++i)
    shared_item_of_[at(shared_items_[i].row)] = static_cast<int>(i);
}

void LayoutPlan::add(const PatternRows& rows) {
  for (std::size_t r = 0; r + 1 < rows.offsets.size(); ++r) {
    count_row(rows.first_row + static_cast<Index>(r),
              rows.columns.subspan(at(rows.offsets[r]), at(rows.offsets[r + 1] - rows.offsets[r])));
  }
}

void LayoutPlan::count_row(Index user, std::span<const Index> columns) {
  // 1. Users' half-sweep: who needs the user's items.
  if (next_shared_user_ < shared_users_.size() && shared_users_[next_shared_user_].row == user) {
    const SharedRow& shared = shared_users_[next_shared_user_++];
    for (std::size_t p = 0; p < shared.ranks.size(); ++p) {
      const RowRange part = kernels::part_range(shared.entries, static_cast<Index>(p));
      for (const Index item : columns.subspan(at(part.begin), at(part.size()))) need_item(shared.ranks[p], item);
    }
  } else {
    const int rank = user_owner_[at(user / chunk_rows)];
    for (const Index item : columns) need_item(rank, item);
  }
  // 2. Items' half-sweep: who needs the user.
  for (const Index item : columns) need_user(reader_of_entry(item), user);
}

void LayoutPlan::need_item(int rank, Index item) {
  GuestNeeds& guest = guest_needs_[at(rank)];
  if (!guest.items.empty()) {
    if (guest.items[at(item)]) return;
    guest.items[at(item)] = true;
  } else {
    // Users come rank by rank, so the last reader tells.
    if (last_reader_[at(item)] == rank) return;
    last_reader_[at(item)] = rank;
  }
  RankShare& reader = user_sweep_[at(rank)];
  ++reader.needed_rows;
  const int owner = item_owner_[at(item / chunk_rows)];
  if (owner == rank) return;
  ++reader.received_rows;
  RankShare& sender = user_sweep_[at(owner)];
  ++sender.sent_rows;
  if (!guest.items.empty()) {
    if (guest.senders[at(owner)]) return;
    guest.senders[at(owner)] = true;
  } else {
    if (last_sent_to_[at(owner)] == rank) return;
    last_sent_to_[at(owner)] = rank;
  }
  ++sender.receivers;
  ++reader.senders;
}

void LayoutPlan::need_user(int rank, Index user) {
  if (last_user_[at(rank)] == user) return;
  last_user_[at(rank)] = user;
  RankShare& reader = item_sweep_[at(rank)];
  ++reader.needed_rows;
  const int owner = user_owner_[at(user / chunk_rows)];
  if (owner == rank) return;
  ++reader.received_rows;
  RankShare& sender = item_sweep_[at(owner)];
  ++sender.sent_rows;
  if (last_asked_by_[at(rank)] == owner) return;
  last_asked_by_[at(rank)] = owner;
  ++sender.receivers;
  ++reader.senders;
}

int LayoutPlan::reader_of_entry(Index item) {
  const int shared = shared_item_of_.empty() ? -1 : shared_item_of_[at(item)];
  if (shared < 0) return item_owner_[at(item / chunk_rows)];
  // A row's entries come in order, as users do.
  const SharedRow& row = shared_items_[at(shared)];
  return row.ranks[at(seen_entries_[at(shared)]++ / kernels::part_length(row.entries))];
}

double imbalance(std::span<const RankShare> shares, double RankShare::*what) {
  double sum = 0;
  double largest = 0;
  for (const RankShare& share : shares) {
    sum += share.*what;
    largest = std::max(largest, share.*what);
  }
  return sum > 0 ? largest * static_cast<double>(shares.size()) / sum : 1.0;
}

}  // namespace rankwise
