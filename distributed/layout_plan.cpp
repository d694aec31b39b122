#include "distributed/layout_plan.hpp"

#include <algorithm>

#include "kernels/method_rates.hpp"
#include "kernels/solve_rows.hpp"

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

std::vector<RankShare> shares_of(const SideWork& work, const Partition& partition) {
  std::vector<RankShare> shares(at(partition.parts()));
  for (int part = 0; part < partition.parts(); ++part) {
    RankShare& share = shares[at(part)];
    share.rows = partition.range(part);
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

LayoutPlan::LayoutPlan(const SideWork& users, const SideWork& items, int ranks)
    : user_rows_(Partition::by_cost(users.rows, users.partition_costs, ranks)),
      item_rows_(Partition::by_cost(items.rows, items.partition_costs, ranks)),
      user_sweep_(shares_of(users, user_rows_)),
      item_sweep_(shares_of(items, item_rows_)),
      user_owner_(owners_of_chunks(user_rows_)),
      item_owner_(owners_of_chunks(item_rows_)),
      last_reader_(at(items.rows), no_rank),
      last_sent_to_(at(ranks), no_rank),
      last_asked_by_(at(ranks), no_rank) {}

void LayoutPlan::add(const PatternRows& rows) {
  for (std::size_t r = 0; r + 1 < rows.offsets.size(); ++r) {
    const int rank = user_owner_[at((rows.first_row + static_cast<Index>(r)) / chunk_rows)];
    count_row(rank, rows.columns.subspan(at(rows.offsets[r]), at(rows.offsets[r + 1] - rows.offsets[r])));
  }
}

void LayoutPlan::count_row(int rank, std::span<const Index> columns) {
  RankShare& my_users = user_sweep_[at(rank)];
  RankShare& my_items = item_sweep_[at(rank)];
  int previous_owner = no_rank;
  for (const Index item : columns) {
    const int owner = item_owner_[at(item / chunk_rows)];
    // Users' half-sweep: this rank needs the item, once. Users come rank by rank, so the last reader tells.
    if (last_reader_[at(item)] != rank) {
      last_reader_[at(item)] = rank;
      ++my_users.needed_rows;
      if (owner != rank) {
        ++my_users.received_rows;
        RankShare& sender = user_sweep_[at(owner)];
        ++sender.sent_rows;
        if (last_sent_to_[at(owner)] != rank) {
          last_sent_to_[at(owner)] = rank;
          ++sender.receivers;
          ++my_users.senders;
        }
      }
    }
    // Items' half-sweep: the item's owner needs the user, once. Items ascend, and owners with them.
    if (owner == previous_owner) continue;
    previous_owner = owner;
    RankShare& reader = item_sweep_[at(owner)];
    ++reader.needed_rows;
    if (owner == rank) continue;
    ++reader.received_rows;
    ++my_items.sent_rows;
    if (last_asked_by_[at(owner)] != rank) {
      last_asked_by_[at(owner)] = rank;
      ++my_items.receivers;
      ++reader.senders;
    }
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
