#include "distributed/layout_plan.hpp"

#include <algorithm>

#include "kernels/method_rates.hpp"
#include "kernels/solve_rows.hpp"

namespace rankwise {

namespace {

constexpr int none = -1;

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

std::vector<RankShare> shares_of(const SideWork& work, const Partition& partition, const NodeMap& nodes) {
  std::vector<RankShare> shares(at(partition.parts()));
  for (int part = 0; part < partition.parts(); ++part) {
    RankShare& share = shares[at(part)];
    share.rows = partition.range(part);
    share.sharers = static_cast<Index>(nodes.members(nodes.node(part)).size());
    if (share.rows.size() == 0) continue;
    for (Index c = share.rows.begin / chunk_rows; c < chunk_count(share.rows.end); ++c) {
      share.entries += work.entries[at(c)];
      share.longest_row = std::max(share.longest_row, work.longest_row[at(c)]);
      share.heavy_parts += work.heavy_parts[at(c)];
      share.partition_cost += work.partition_costs[at(c)];
      share.solve_seconds += work.solve_seconds[at(c)];
      share.flops += work.flops[at(c)];
    }
  }
  return shares;
}

}  // namespace

std::vector<Index> rows_by_size(std::span<const Index> row_sizes) {
  std::vector<Index> counts(at(longest_counted_row) + 1);
  for (const Index size : row_sizes) {
    if (size <= longest_counted_row) ++counts[at(size)];
  }
  return counts;
}

SideWork side_work(std::span<const Index> row_sizes, const Objective& objective, const SolverPlan& method,
                   Index width) {
  const auto rows = static_cast<Index>(row_sizes.size());
  const std::size_t chunks = at(chunk_count(rows));
  SideWork work;
  work.rows = rows;
  work.partition_costs = chunk_costs(row_sizes, width);
  work.solve_seconds.resize(chunks);
  work.flops.resize(chunks);
  work.entries.resize(chunks);
  work.longest_row.resize(chunks);
  work.heavy_parts.resize(chunks);
  const bool has_gramian = objective.loss == LossKind::implicit_feedback;
  const auto k = static_cast<double>(width);
  for (Index r = 0; r < rows; ++r) {
    const Index size = row_sizes[at(r)];
    const std::size_t chunk = at(r / chunk_rows);
    work.solve_seconds[chunk] += kernels::row_seconds(method, objective, size, width);
    work.flops[chunk] += kernels::solve_row_flops(size, width) + (has_gramian ? k * (k + 1) : 0.0);
    work.entries[chunk] += size;
    work.longest_row[chunk] = std::max(work.longest_row[chunk], size);
    if (kernels::is_heavy(size)) work.heavy_parts[chunk] += kernels::part_count(size);
  }
  const Index longest = rows > 0 ? *std::ranges::max_element(row_sizes) : 0;
  work.heaviest_row_cost = chunk_costs(std::span(&longest, 1), width).front();
  return work;
}

LayoutPlan::LayoutPlan(const SideWork& users, const SideWork& items, int ranks, int ranks_per_node)
    : nodes_(NodeMap::consecutive(ranks, ranks_per_node)),
      user_rows_(Partition::by_cost(users.rows, users.partition_costs, ranks)),
      item_rows_(Partition::by_cost(items.rows, items.partition_costs, ranks)),
      user_sweep_(shares_of(users, user_rows_, nodes_)),
      item_sweep_(shares_of(items, item_rows_, nodes_)),
      user_owner_(owners_of_chunks(user_rows_)),
      item_owner_(owners_of_chunks(item_rows_)),
      user_needs_(at(nodes_.nodes())),
      item_needs_(at(nodes_.nodes())),
      last_reader_(at(items.rows), none),
      last_sent_to_(at(ranks), none),
      last_asked_by_(at(nodes_.nodes()), none) {}

void LayoutPlan::add(const PatternRows& rows) {
  for (std::size_t r = 0; r + 1 < rows.offsets.size(); ++r) {
    const int rank = user_owner_[at((rows.first_row + static_cast<Index>(r)) / chunk_rows)];
    count_row(rank, rows.columns.subspan(at(rows.offsets[r]), at(rows.offsets[r + 1] - rows.offsets[r])));
  }
  spread_needed_rows();
}

void LayoutPlan::count_row(int rank, std::span<const Index> columns) {
  const int node = nodes_.node(rank);
  int previous_node = none;
  for (const Index item : columns) {
    const int owner = item_owner_[at(item / chunk_rows)];
    // Users' half-sweep: this rank's node needs the item, once. Users come node by node, so the last reader tells.
    if (last_reader_[at(item)] != node) {
      last_reader_[at(item)] = node;
      ++user_needs_[at(node)];
      note_need(user_sweep_, owner, node, last_sent_to_[at(owner)] != node ? 1 : 0);
      last_sent_to_[at(owner)] = node;
    }
    // Items' half-sweep: the node of the item's owner needs the user, once. Items ascend, and their nodes with them.
    const int reader = nodes_.node(owner);
    if (reader == previous_node) continue;
    previous_node = reader;
    ++item_needs_[at(reader)];
    note_need(item_sweep_, rank, reader, last_asked_by_[at(reader)] != rank ? 1 : 0);
    last_asked_by_[at(reader)] = rank;
  }
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
