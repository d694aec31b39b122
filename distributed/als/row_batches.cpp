#include "distributed/als/row_batches.hpp"

namespace rankwise {

std::vector<RowRange> cut_rows(std::span<const Index> offsets, std::span<const LocalIndex> columns, Index column_count,
                               Index most_columns) {
  const auto rows = static_cast<Index>(offsets.size()) - 1;
  if (column_count <= most_columns) return {{0, rows}};
  std::vector<RowRange> batches{{0, 0}};
  std::vector<LocalIndex> last_batch(static_cast<std::size_t>(column_count), 0);  // that names the column, from 1
  Index distinct = 0;
  for (Index r = 0; r < rows; ++r) {
    const auto begin = static_cast<std::size_t>(offsets[static_cast<std::size_t>(r)]);
    const auto end = static_cast<std::size_t>(offsets[static_cast<std::size_t>(r) + 1]);
    const std::span<const LocalIndex> row = columns.subspan(begin, end - begin);
    const auto batch = [&batches] { return static_cast<LocalIndex>(batches.size()); };
    Index fresh = 0;
    for (const LocalIndex column : row) fresh += last_batch[static_cast<std::size_t>(column)] != batch() ? 1 : 0;
    if (fresh > 0 && distinct + fresh > most_columns && batches.back().size() > 0) {
      batches.push_back({r, r});
      distinct = 0;
      fresh = static_cast<Index>(row.size());
    }
    for (const LocalIndex column : row) last_batch[static_cast<std::size_t>(column)] = batch();
    distinct += fresh;
    batches.back().end = r + 1;
  }
  return batches;
}

}  // namespace rankwise
