#include "distributed/planning/side_work.hpp"

#include <algorithm>

#include "distributed/planning/number_bytes.hpp"
#include "distributed/planning/side_plan.hpp"
#include "kernels/als/solve_rows.hpp"
#include "kernels/base/matrix.hpp"
#include "kernels/cost/solver_rates.hpp"

namespace rankwise {

namespace {

/// What sharing takes off a rank's rows and puts on it.
void add_sharing(const SideWork& work, const Partition& partition, std::span<const SharedRow> shared,
                 const Objective& objective, std::vector<RankShare>& shares) {
  const Index padded = padded_columns(work.width);
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

std::vector<RankShare> shares_of(const SideWork& work, const Partition& partition, std::span<const SharedRow> shared,
                                 const Objective& objective, const NodeMap& nodes) {
  std::vector<RankShare> shares(at(partition.parts()));
  for (int part = 0; part < partition.parts(); ++part) {
    RankShare& share = shares[at(part)];
    share.rows = partition.range(part);
    share.sharers = static_cast<Index>(nodes.members(nodes.node(part)).size());
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
