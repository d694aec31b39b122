#pragma once
// In which portions a team of threads takes the rows of a half-sweep. A plain value; no portion changes a bit.

#include <vector>

#include "kernels/base/csr_block.hpp"

namespace rankwise {

/// A heavy row and where its parts stand in its group.
struct HeavyRow {
  Index row;
  std::size_t first_part;
  std::size_t parts;
};

/// One part of a heavy row.
struct RowPart {
  Index row;
  Index part;
};

/// Heavy rows whose parts are summed together.
struct HeavyGroup {
  std::vector<HeavyRow> rows;
  std::vector<RowPart> parts;
};

/// Heavy rows among `rows` in groups of at most `most_parts` parts, or of one row.
[[nodiscard]] std::vector<HeavyGroup> group_heavy_rows(const CsrBlock& block, RowRange rows, Index most_parts);

/// Those of `rows` with more than `longest_row` entries, those with the most first, in groups of rows that take their
/// steps together: at most 256, and some eight groups per thread, so that no thread waits long for the last.
[[nodiscard]] std::vector<std::vector<Index>> group_long_rows(const CsrBlock& block, RowRange rows, Index longest_row,
                                                              int threads);

/// Ranges of at most kernels::dual_batch_rows rows that cover `rows` but for those with more than `longest_row`
/// entries, those with the most entries first, so that no thread begins a long one last.
[[nodiscard]] std::vector<RowRange> batch_rows(const CsrBlock& block, RowRange rows, Index longest_row);

}  // namespace rankwise
