#include "jobs/segments/measures/related_columns.hpp"

#include <algorithm>
#include <numeric>
#include <set>
#include <span>

namespace rankwise {

namespace {

/// Pairs of values that a customer has, of all ranks, row by row of the first column's values; 1 or 0 bit each.
class CommonValues {
 public:
  CommonValues(const Communicator& comm, const CodedColumn& one, const CodedColumn& other)
      : rows_(static_cast<std::size_t>(one.values) + 1), columns_(static_cast<std::size_t>(other.values) + 1) {
    words_.assign((rows_ * columns_ + 63) / 64, 0);
    for (std::size_t customer = 0; customer < one.codes.size(); ++customer) {
      const std::size_t place =
          static_cast<std::size_t>(one.codes[customer]) * columns_ + static_cast<std::size_t>(other.codes[customer]);
      words_[place / 64] |= std::uint64_t{1} << (place % 64);
    }
    comm.all_reduce_or(std::span<std::uint64_t>(words_));
  }
  [[nodiscard]] std::size_t rows() const { return rows_; }
  [[nodiscard]] std::size_t columns() const { return columns_; }
  [[nodiscard]] bool at(std::size_t row, std::size_t column) const {
    const std::size_t place = row * columns_ + column;
    return (words_[place / 64] >> (place % 64) & 1) != 0;
  }

 private:
  std::size_t rows_;
  std::size_t columns_;
  std::vector<std::uint64_t> words_;
};

/// Sets that are joined one by one; each has the name of a member.
class JoinedSets {
 public:
  explicit JoinedSets(std::size_t members) : parent_(members) {
    std::iota(parent_.begin(), parent_.end(), std::size_t{0});
  }
  [[nodiscard]] std::size_t of(std::size_t member) {
    while (parent_[member] != member) member = parent_[member] = parent_[parent_[member]];
    return member;
  }
  void join(std::size_t one, std::size_t other) { parent_[of(one)] = of(other); }

 private:
  std::vector<std::size_t> parent_;
};

}  // namespace

ColumnRelation relation_of(const Communicator& comm, const CodedColumn& one, const CodedColumn& other) {
  const CommonValues common(comm, one, other);
  const std::size_t unknown_row = common.rows() - 1;
  const std::size_t unknown_column = common.columns() - 1;
  JoinedSets sets(common.rows() + common.columns());
  Index beside_unknown = 0;
  for (std::size_t row = 0; row < common.rows(); ++row) {
    for (std::size_t column = 0; column < common.columns(); ++column) {
      if (!common.at(row, column)) continue;
      sets.join(row, common.rows() + column);
      beside_unknown += (row == unknown_row) != (column == unknown_column) ? 1 : 0;
    }
  }
  ColumnRelation relation;
  relation.shares_unknown = common.at(unknown_row, unknown_column) && beside_unknown == 0;
  std::set<std::size_t> totals;
  for (std::size_t row = 0; row < common.rows(); ++row) {
    for (std::size_t column = 0; column < common.columns(); ++column) {
      const bool is_unknown = relation.shares_unknown && row == unknown_row && column == unknown_column;
      if (common.at(row, column) && !is_unknown) totals.insert(sets.of(row));
    }
  }
  relation.shares_totals = totals.size() > 1;
  return relation;
}

}  // namespace rankwise
