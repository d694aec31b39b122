#pragma once
// A validated block of sparse rows: local rows of R or of its transpose.

#include <span>
#include <vector>

#include "kernels/base/types.hpp"

namespace rankwise {

/// One sparse row: local columns, ascending unless their block says otherwise, and their values.
struct CsrRow {
  std::span<const LocalIndex> columns;
  std::span<const float> values;
  [[nodiscard]] Index size() const { return static_cast<Index>(columns.size()); }
  [[nodiscard]] CsrRow middle(Index begin, Index count) const {
    const auto first = static_cast<std::size_t>(begin);
    return {columns.subspan(first, static_cast<std::size_t>(count)),
            values.subspan(first, static_cast<std::size_t>(count))};
  }
};

/// Whether a row's columns ascend, or stand in an order that their owner knows: the entries' order is what counts in
/// sums.
enum class ColumnOrder { ascending, given };

/// Compressed sparse rows with 64-bit offsets, 32-bit local columns and float values. Construction validates everything
/// that a kernel relies on, so kernels check nothing.
class CsrBlock {
 public:
  CsrBlock() : offsets_{0} {}

  /// `offsets` (rows + 1) begin at 0, never fall, and end at the entry count; `columns` lie in [0, column_count) and,
  /// unless their order is given, ascend strictly within a row; `values` are finite. Throws Error(bad_data) that names
  /// the first offending local row.
  CsrBlock(std::vector<Index> offsets, std::vector<LocalIndex> columns, std::vector<float> values, Index column_count,
           ColumnOrder order = ColumnOrder::ascending);

  [[nodiscard]] Index rows() const { return static_cast<Index>(offsets_.size()) - 1; }
  [[nodiscard]] Index entries() const { return offsets_.back(); }
  [[nodiscard]] Index column_count() const { return column_count_; }
  [[nodiscard]] Index row_size(Index r) const { return offsets_[at(r) + 1] - offsets_[at(r)]; }
  [[nodiscard]] CsrRow row(Index r) const {
    const auto begin = static_cast<std::size_t>(offsets_[at(r)]);
    const auto size = static_cast<std::size_t>(row_size(r));
    return {std::span(columns_).subspan(begin, size), std::span(values_).subspan(begin, size)};
  }
  [[nodiscard]] std::span<const Index> offsets() const { return offsets_; }
  [[nodiscard]] std::span<const LocalIndex> columns() const { return columns_; }
  [[nodiscard]] std::span<const float> values() const { return values_; }

 private:
  static std::size_t at(Index r) { return static_cast<std::size_t>(r); }
  std::vector<Index> offsets_;
  std::vector<LocalIndex> columns_;
  std::vector<float> values_;
  Index column_count_ = 0;
};

}  // namespace rankwise
