#include "distributed/row_schedule.hpp"

#include <algorithm>

#include "kernels/solve_rows.hpp"

namespace rankwise {

std::vector<HeavyGroup> group_heavy_rows(const CsrBlock& block, Index most_parts) {
  std::vector<HeavyGroup> groups;
  for (Index r = 0; r < block.rows(); ++r) {
    if (!kernels::is_heavy(block.row_size(r))) continue;
    const Index parts = kernels::part_count(block.row_size(r));
    if (groups.empty() || static_cast<Index>(groups.back().parts.size()) + parts > most_parts) groups.emplace_back();
    groups.back().rows.push_back({r, groups.back().parts.size(), static_cast<std::size_t>(parts)});
    for (Index part = 0; part < parts; ++part) groups.back().parts.push_back({r, part});
  }
  return groups;
}

std::vector<RowRange> batch_rows(const CsrBlock& block, HeavyRows heavy) {
  std::vector<RowRange> batches;
  RowRange batch;
  const auto close_before = [&batches, &batch](Index next) {
    if (batch.size() > 0) batches.push_back(batch);
    batch = {next, next};
  };
  for (Index r = 0; r < block.rows(); ++r) {
    if (heavy == HeavyRows::left_out && kernels::is_heavy(block.row_size(r))) {
      close_before(r + 1);
      continue;
    }
    batch.end = r + 1;
    if (batch.size() == kernels::dual_batch_rows) close_before(r + 1);
  }
  close_before(block.rows());
  const auto entries = [offsets = block.offsets()](RowRange rows) {
    return offsets[static_cast<std::size_t>(rows.end)] - offsets[static_cast<std::size_t>(rows.begin)];
  };
  std::stable_sort(batches.begin(), batches.end(),
                   [&entries](RowRange a, RowRange b) { return entries(a) > entries(b); });
  return batches;
}

}  // namespace rankwise
