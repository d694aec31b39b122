#include "distributed/als/row_schedule.hpp"

#include <algorithm>
#include <functional>

#include "kernels/als/solve_rows.hpp"

namespace rankwise {

std::vector<HeavyGroup> group_heavy_rows(const CsrBlock& block, RowRange rows, Index most_parts) {
  std::vector<HeavyGroup> groups;
  for (Index r = rows.begin; r < rows.end; ++r) {
    if (!kernels::is_heavy(block.row_size(r))) continue;
    const Index parts = kernels::part_count(block.row_size(r));
    if (groups.empty() || static_cast<Index>(groups.back().parts.size()) + parts > most_parts) groups.emplace_back();
    groups.back().rows.push_back({r, groups.back().parts.size(), static_cast<std::size_t>(parts)});
    for (Index part = 0; part < parts; ++part) groups.back().parts.push_back({r, part});
  }
  return groups;
}

std::vector<std::vector<Index>> group_long_rows(const CsrBlock& block, RowRange range, Index longest_row, int threads) {
  constexpr std::size_t most_rows = 256;
  std::vector<Index> rows;
  Index entries = 0;
  for (Index r = range.begin; r < range.end; ++r) {
    if (block.row_size(r) <= longest_row) continue;
    rows.push_back(r);
    entries += block.row_size(r);
  }
  std::ranges::stable_sort(rows, std::greater(), [&block](Index r) { return block.row_size(r); });
  const Index most_entries = entries / (8 * static_cast<Index>(threads));
  std::vector<std::vector<Index>> groups;
  Index group_entries = 0;
  for (const Index r : rows) {
    if (groups.empty() || groups.back().size() == most_rows || group_entries + block.row_size(r) > most_entries) {
      groups.emplace_back();
      group_entries = 0;
    }
    groups.back().push_back(r);
    group_entries += block.row_size(r);
  }
  return groups;
}

std::vector<RowRange> batch_rows(const CsrBlock& block, RowRange rows, Index longest_row) {
  std::vector<RowRange> batches;
  RowRange batch{rows.begin, rows.begin};
  const auto close_before = [&batches, &batch](Index next) {
    if (batch.size() > 0) batches.push_back(batch);
    batch = {next, next};
  };
  for (Index r = rows.begin; r < rows.end; ++r) {
    if (block.row_size(r) > longest_row) {
      close_before(r + 1);
      continue;
    }
    batch.end = r + 1;
    if (batch.size() == kernels::dual_batch_rows) close_before(r + 1);
  }
  close_before(rows.end);
  const auto entries = [offsets = block.offsets()](RowRange some) {
    return offsets[static_cast<std::size_t>(some.end)] - offsets[static_cast<std::size_t>(some.begin)];
  };
  std::stable_sort(batches.begin(), batches.end(),
                   [&entries](RowRange a, RowRange b) { return entries(a) > entries(b); });
  return batches;
}

}  // namespace rankwise
