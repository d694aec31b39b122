#include "kernels/base/csr_block.hpp"

#include <cmath>
#include <fmt/format.h>
#include <utility>

#include "kernels/base/error.hpp"

namespace rankwise {

namespace {
void require(bool holds, Index row, const char* expected) {
  if (!holds) throw Error(ExitCode::bad_data, fmt::format("sparse row {}: expected {}", row, expected));
}
}  // namespace

CsrBlock::CsrBlock(std::vector<Index> offsets, std::vector<LocalIndex> columns, std::vector<float> values,
                   Index column_count, ColumnOrder order)
    : offsets_(std::move(offsets)),
      columns_(std::move(columns)),
      values_(std::move(values)),
      column_count_(column_count) {
  require(!offsets_.empty() && offsets_.front() == 0, 0, "offsets that begin at 0");
  require(offsets_.back() == static_cast<Index>(columns_.size()) && columns_.size() == values_.size(), rows(),
          "as many columns and values as the last offset says");
  // Offsets first: with them monotone and the end in place, every later subscript is in range.
  for (Index r = 0; r < rows(); ++r) require(row_size(r) >= 0, r, "offsets that never fall");
  for (Index r = 0; r < rows(); ++r) {
    const CsrRow entries = row(r);
    Index previous = -1;
    for (Index e = 0; e < entries.size(); ++e) {
      const Index column = entries.columns[at(e)];
      require(column > previous || order == ColumnOrder::given, r, "columns that ascend strictly from 0");
      require(column >= 0, r, "columns from 0");
      require(column < column_count_, r, "columns below the column count");
      require(std::isfinite(entries.values[at(e)]), r, "finite values");
      previous = column;
    }
  }
}

}  // namespace rankwise
