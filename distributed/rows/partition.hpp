#pragma once
// Which rank owns which global rows: a pure value, testable at any number of parts without MPI.

#include <span>
#include <vector>

#include "kernels/base/types.hpp"

namespace rankwise {

/// Rows [0, rows) cut into contiguous parts whose boundaries are multiples of chunk_rows (but the last). Parts may be
/// empty. A part may be cut again into portions, by default one.
class Partition {
 public:
  Partition() : begins_{0, 0} {}
  /// Parts of nearly equal row count.
  static Partition by_count(Index rows, int parts);
  /// Parts of nearly equal cost; `chunk_costs` (one per chunk, >= 0) are the same on every rank, and so is the result.
  static Partition by_cost(Index rows, std::span<const double> chunk_costs, int parts);

  /// The same parts, each in so many portions of nearly equal cost.
  [[nodiscard]] Partition in_portions(std::span<const double> chunk_costs, int portions) const;

  [[nodiscard]] Index rows() const { return begins_.back(); }
  [[nodiscard]] int parts() const { return static_cast<int>(begins_.size()) - 1; }
  [[nodiscard]] RowRange range(int part) const {
    const auto p = static_cast<std::size_t>(part);
    return {begins_[p], begins_[p + 1]};
  }
  [[nodiscard]] int portions() const { return portions_; }
  [[nodiscard]] RowRange portion(int part, int portion) const {
    if (portions_ == 1) return range(part);
    const std::size_t p =
        static_cast<std::size_t>(part) * static_cast<std::size_t>(portions_) + static_cast<std::size_t>(portion);
    return {portion_begins_[p], portion_begins_[p + 1]};
  }
  /// The part that owns `row` (0 <= row < rows()).
  [[nodiscard]] int owner(Index row) const;
  friend bool operator==(const Partition&, const Partition&) = default;

 private:
  explicit Partition(std::vector<Index> begins) : begins_(std::move(begins)) {}
  std::vector<Index> begins_;  // parts + 1 boundaries
  int portions_ = 1;
  std::vector<Index> portion_begins_;  // parts * portions + 1 boundaries, or none
};

}  // namespace rankwise
