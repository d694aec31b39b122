#include "distributed/rows/select_rows.hpp"

#include <algorithm>
#include <type_traits>
#include <variant>

namespace rankwise {

std::span<const Index> row_columns(const SparseRows& rows, Index row) {
  const auto begin = static_cast<std::size_t>(rows.offsets[static_cast<std::size_t>(row)]);
  const auto end = static_cast<std::size_t>(rows.offsets[static_cast<std::size_t>(row) + 1]);
  return std::span<const Index>(rows.columns).subspan(begin, end - begin);
}

Ids select_rows(const Ids& ids, std::span<const Index> positions) {
  return std::visit(
      [&](const auto& values) -> Ids {
        std::decay_t<decltype(values)> picked;
        for (const Index p : positions) picked.push_back(values[static_cast<std::size_t>(p)]);
        return picked;
      },
      ids);
}

SparseRows select_rows(const SparseRows& rows, std::span<const Index> positions) {
  SparseRows picked;
  picked.rows = {0, static_cast<Index>(positions.size())};
  picked.total_rows = picked.rows.size();
  picked.column_count = rows.column_count;
  for (const Index p : positions) {
    const Index begin = rows.offsets[static_cast<std::size_t>(p)];
    const Index end = rows.offsets[static_cast<std::size_t>(p) + 1];
    picked.columns.insert(picked.columns.end(), rows.columns.begin() + begin, rows.columns.begin() + end);
    picked.values.insert(picked.values.end(), rows.values.begin() + begin, rows.values.begin() + end);
    picked.offsets.push_back(static_cast<Index>(picked.columns.size()));
  }
  return picked;
}

Matrix select_rows(ConstMatrixView rows, std::span<const Index> positions) {
  Matrix picked(static_cast<Index>(positions.size()), rows.columns);
  for (Index r = 0; r < picked.rows(); ++r) {
    std::copy_n(rows.row(positions[static_cast<std::size_t>(r)]), rows.stride, picked.row(r));
  }
  return picked;
}

}  // namespace rankwise
