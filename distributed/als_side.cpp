#include "distributed/als_side.hpp"

#include <bit>
#include <limits>

#include "kernels/solver_rates.hpp"

namespace rankwise {

namespace {

/// The set of columns that occur, as a bitmap with running counts: 2 bits per column of the whole other side, and a
/// column's place in the set without a search.
class ColumnSet {
 public:
  ColumnSet(std::span<const Index> columns, Index column_count)
      : words_(static_cast<std::size_t>(column_count / 64 + 1)), before_(words_.size()) {
    for (const Index column : columns) word(column) |= bit(column);
    Index count = 0;
    for (std::size_t w = 0; w < words_.size(); ++w) {
      before_[w] = count;
      count += std::popcount(words_[w]);
    }
    size_ = count;
  }
  [[nodiscard]] Index size() const { return size_; }
  [[nodiscard]] Index place(Index column) const {
    const auto w = static_cast<std::size_t>(column / 64);
    return before_[w] + std::popcount(words_[w] & (bit(column) - 1));
  }
  /// The columns, ascending.
  [[nodiscard]] std::vector<Index> list() const {
    std::vector<Index> columns;
    columns.reserve(static_cast<std::size_t>(size_));
    for (std::size_t w = 0; w < words_.size(); ++w) {
      for (std::uint64_t rest = words_[w]; rest != 0; rest &= rest - 1) {
        columns.push_back(static_cast<Index>(w) * 64 + std::countr_zero(rest));
      }
    }
    return columns;
  }

 private:
  static std::uint64_t bit(Index column) { return std::uint64_t{1} << (column % 64); }
  std::uint64_t& word(Index column) { return words_[static_cast<std::size_t>(column / 64)]; }
  std::vector<std::uint64_t> words_;
  std::vector<Index> before_;
  Index size_ = 0;
};

void require_columns_in_range(std::span<const Index> columns, Index column_count) {
  for (const Index column : columns) {
    if (column < 0 || column >= column_count)
      throw Error(ExitCode::bad_data, "a sparse row names a column out of range");
  }
}

CsrBlock make_block(const Objective& objective, const ColumnSet& needed, GlobalRows rows) {
  if (needed.size() > std::numeric_limits<LocalIndex>::max()) {
    throw Error(ExitCode::bad_data, "one rank needs more than 2^31 rows of the other side; use more ranks");
  }
  std::vector<LocalIndex> columns(rows.columns.size());
  std::vector<float> values(rows.values.size());
  for (std::size_t e = 0; e < columns.size(); ++e) columns[e] = static_cast<LocalIndex>(needed.place(rows.columns[e]));
  for (std::size_t e = 0; e < values.size(); ++e) values[e] = objective.entry_value(rows.values[e]);
  return {std::move(rows.offsets), std::move(columns), std::move(values), needed.size()};
}

/// Collective.
std::vector<Index> count_rows_by_size(const Communicator& comm, const CsrBlock& block) {
  std::vector<Index> counts(static_cast<std::size_t>(longest_counted_row) + 1);
  for (Index r = 0; r < block.rows(); ++r) {
    if (block.row_size(r) <= longest_counted_row) ++counts[static_cast<std::size_t>(block.row_size(r))];
  }
  comm.all_reduce_sum(std::span<Index>(counts));
  return counts;
}

}  // namespace

AlsSide make_als_side(const Communicator& comm, const Objective& objective, const Partition& partition,
                      const Partition& opposite, GlobalRows rows) {
  agree_on(comm, [&] { require_columns_in_range(rows.columns, opposite.rows()); });
  const ColumnSet needed(rows.columns, opposite.rows());
  CsrBlock block = agree_on(comm, [&] { return make_block(objective, needed, std::move(rows)); });
  std::vector<Index> rows_by_size = count_rows_by_size(comm, block);
  return {partition,
          opposite.rows(),
          std::move(block),
          std::move(rows_by_size),
          ExchangePlan(comm, opposite, needed.list()),
          Matrix(),
          Matrix()};
}

std::vector<double> chunk_costs(std::span<const Index> row_sizes, Index width) {
  std::vector<double> costs(static_cast<std::size_t>(chunk_count(static_cast<Index>(row_sizes.size()))));
  const Index longest_dual_row = kernels::longest_dual_row(width);
  for (std::size_t r = 0; r < row_sizes.size(); ++r) {
    const Index size = row_sizes[r];
    // Even a row without entries is written and summed.
    const double seconds = size == 0                  ? kernels::rotation_seconds(width)
                           : size <= longest_dual_row ? kernels::dual_row_seconds(size, width)
                                                      : kernels::primal_row_seconds(size, width);
    costs[r / static_cast<std::size_t>(chunk_rows)] += seconds;
  }
  return costs;
}

}  // namespace rankwise
