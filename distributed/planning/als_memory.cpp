#include "distributed/planning/als_memory.hpp"

#include <algorithm>
#include <limits>

#include "distributed/als/heavy_rows.hpp"
#include "distributed/planning/number_bytes.hpp"

namespace rankwise {

SideShare side_share(const SidePlan& plan, int rank, std::vector<Index> row_sizes) {
  const RowRange rows = plan.rows.range(rank);
  SideShare share{.rows = rows.size()};
  for (const SharedRow& row : shared_within(plan.shared, rows)) {
    row_sizes[static_cast<std::size_t>(row.row - rows.begin)] = 0;
    share.part_sums += static_cast<Index>(row.ranks.size());
  }
  for (const SharedPart& part : parts_of(plan.shared, rank)) {
    row_sizes.push_back(part.entries.size());
    ++share.part_sums;
  }
  for (const Index size : row_sizes) {
    share.entries += size;
    share.longest_row = std::max(share.longest_row, size);
  }
  return share;
}

AlsMemory als_memory(const SideShare& users, const SideShare& items, Index width, int threads, Index program_bytes) {
  const Index rows = users.rows + items.rows;
  const Index entry_bytes = float_bytes + static_cast<Index>(sizeof(LocalIndex));
  const Index square_bytes = padded_columns(width) * padded_columns(width) * float_bytes;
  // Read: an entry's global column and its value; the column's place beside it.
  const Index reading_bytes = entry_bytes + index_bytes;
  AlsMemory memory;
  // MPI's and HDF5's buffers come with use, and the heap has gaps: 12 to 28 MB on 4 and 8 ranks.
  constexpr Index buffer_bytes = Index{24} << 20;
  memory.program = program_bytes + buffer_bytes;
  const Index listed_bytes = 2 * static_cast<Index>(sizeof(LocalIndex)) * (users.entries + items.entries);
  // Of each row where its entries begin, and how many they are.
  memory.matrix = 2 * index_bytes * rows + listed_bytes +
                  std::max(users.entries * reading_bytes, users.entries * entry_bytes + items.entries * reading_bytes);
  memory.factors = rows * padded_columns(width) * float_bytes +
                   std::max(users.rows, items.rows) * 2 * static_cast<Index>(sizeof(kernels::RowLoss));
  // A workspace has about five squares; a Gramian's sum has numbers of twice the size. Exact rows have parts, conjugate
  // gradients what groups of rows in step keep (GradientWorkspace).
  const Index longest_row = std::max(users.longest_row, items.longest_row);
  const Index group_entries = std::max(longest_row, std::max(users.entries, items.entries) / (8 * threads));
  const Index group_bytes = (4 * 256 * padded_columns(width) + 3 * group_entries) * float_bytes;
  memory.threads = threads * 7 * square_bytes +
                   std::max(heavy_part_bytes(longest_row, width, threads), threads * group_bytes) + 4 * square_bytes +
                   std::max(users.part_sums, items.part_sums) * (square_bytes + padded_columns(width) * float_bytes);
  return memory;
}

Index GatherCost::batches(Index batch, Index longest) const {
  // Two buffers of batches, either of which may have to hold the longest row, and what is on its way out; what is
  // rotated is short.
  return row_bytes * (3 * std::max(batch, longest) + (is_rotated ? batch : 0));
}

Index least_gather_bytes(const GatherCost& cost, Index longest) {
  constexpr Index least_batch = 256;
  return cost.batches(least_batch, longest);
}

GatherLimit gather_limit(Index bytes, const GatherCost& cost, Index longest) {
  constexpr Index most = std::numeric_limits<LocalIndex>::max();
  Index batch = bytes / cost.batches(1, 0);
  if (batch < longest && cost.is_rotated) batch = bytes / cost.row_bytes - 3 * longest;
  return {std::clamp<Index>(bytes / cost.whole(1), 1, most), std::clamp<Index>(batch, 1, most)};
}

GatherShares share_gather_bytes(Index bytes, const GatherCost& cost, const SideShare& users, Index rows_for_users,
                                const SideShare& items, Index rows_for_items) {
  const Index most_of_users = cost.whole(rows_for_users);
  const Index most_of_items = cost.whole(rows_for_items);
  const Index least_of_users = least_gather_bytes(cost, users.longest_row);
  const Index least_of_items = least_gather_bytes(cost, items.longest_row);
  Index of_users = bytes / 2;
  if (most_of_users < bytes / 2) of_users = most_of_users;
  if (most_of_items < bytes / 2) of_users = bytes - most_of_items;
  of_users = std::max(std::min(of_users, bytes - least_of_items), least_of_users);
  return {of_users, bytes - of_users};
}

}  // namespace rankwise
