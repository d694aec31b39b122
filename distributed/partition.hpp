#pragma once
// Which rank owns which global rows: a pure value, testable at any number of parts without MPI.

#include <span>
#include <vector>

#include "kernels/types.hpp"

namespace rankwise {

/// Rows [0, rows) cut into contiguous parts whose boundaries are multiples of chunk_rows (but the last). Parts may be
/// empty.
class Partition {
 public:
  Partition() : begins_{0, 0} {}
  /// Parts of nearly equal row count.
  static Partition by_count(Index rows, int parts);
  /// Parts of nearly equal cost; `chunk_costs` (one per chunk, >= 0) are the same on every rank, and so is the result.
  static Partition by_cost(Index rows, std::span<const double> chunk_costs, int parts);

  [[nodiscard]] Index rows() const { return begins_.back(); }
  [[nodiscard]] int parts() const { return static_cast<int>(begins_.size()) - 1; }
  [[nodiscard]] RowRange range(int part) const {
    const auto p = static_cast<std::size_t>(part);
    return {begins_[p], begins_[p + 1]};
  }
  /// The part that owns `row` (0 <= row < rows()).
  [[nodiscard]] int owner(Index row) const;
  friend bool operator==(const Partition&, const Partition&) = default;

 private:
  explicit Partition(std::vector<Index> begins) : begins_(std::move(begins)) {}
  std::vector<Index> begins_;  // parts + 1 boundaries
};

/// Portion `portion` of `portions` of a part: consecutive whole chunks of rows, nearly as many in each.
[[nodiscard]] RowRange row_portion(RowRange rows, Index portion, Index portions);

}  // namespace rankwise
