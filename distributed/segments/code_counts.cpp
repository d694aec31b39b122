#include "distributed/segments/code_counts.hpp"

namespace rankwise {

std::vector<Index> count_buyers(const Communicator& comm, const SparseRows& rows,
                                std::span<const std::int32_t> group_of_row, Index groups,
                                std::span<const std::int32_t> code_of_item, Index codes) {
  std::vector<Index> counts(static_cast<std::size_t>(codes * groups), 0);
  std::vector<Index> last_row(static_cast<std::size_t>(codes), -1);  // that has counted for the code
  for (Index row = 0; row < rows.rows.size(); ++row) {
    const std::int32_t group = group_of_row[static_cast<std::size_t>(row)];
    if (group < 0) continue;
    const auto begin = rows.offsets[static_cast<std::size_t>(row)];
    for (Index entry = begin; entry < rows.offsets[static_cast<std::size_t>(row) + 1]; ++entry) {
      const Index item = rows.columns[static_cast<std::size_t>(entry)];
      const std::int32_t code = code_of_item[static_cast<std::size_t>(item)];
      if (code < 0 || last_row[static_cast<std::size_t>(code)] == row) continue;
      last_row[static_cast<std::size_t>(code)] = row;
      ++counts[static_cast<std::size_t>(code * groups + group)];
    }
  }
  comm.all_reduce_sum(std::span<Index>(counts));
  return counts;
}

std::vector<Index> count_codes(const Communicator& comm, std::span<const std::int32_t> code_of_row,
                               std::span<const std::int32_t> group_of_row, Index groups, Index codes) {
  std::vector<Index> counts(static_cast<std::size_t>(codes * groups), 0);
  for (std::size_t row = 0; row < code_of_row.size(); ++row) {
    if (code_of_row[row] < 0 || group_of_row[row] < 0) continue;
    ++counts[static_cast<std::size_t>(code_of_row[row] * groups + group_of_row[row])];
  }
  comm.all_reduce_sum(std::span<Index>(counts));
  return counts;
}

}  // namespace rankwise
