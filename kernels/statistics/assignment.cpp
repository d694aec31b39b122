#include "kernels/statistics/assignment.hpp"

#include <algorithm>
#include <limits>

namespace rankwise {

namespace {

constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

/// Of a table with no more rows than columns. Potentials of rows and columns keep every reduced cost at 0 or above;
/// rows join one after the other along the shortest path to a free column.
class ShortestPaths {
 public:
  ShortestPaths(std::span<const std::int64_t> gains, std::size_t rows, std::size_t columns, bool is_transposed)
      : gains_(gains),
        rows_(rows),
        columns_(columns),
        is_transposed_(is_transposed),
        row_potentials_(rows, 0),
        column_potentials_(columns, 0),
        row_of_(columns, none) {
    for (std::size_t row = 0; row < rows; ++row) join(row);
  }

  /// The row of each column, or none.
  [[nodiscard]] const std::vector<std::size_t>& row_of() const { return row_of_; }

 private:
  [[nodiscard]] std::int64_t reduced_cost(std::size_t row, std::size_t column) const {
    const std::int64_t gain = is_transposed_ ? gains_[column * rows_ + row] : gains_[row * columns_ + column];
    return -gain - row_potentials_[row] - column_potentials_[column];
  }

  void join(std::size_t first_row) {
    constexpr std::int64_t unbounded = std::numeric_limits<std::int64_t>::max();
    std::vector<std::int64_t> distances(columns_, unbounded);
    std::vector<std::size_t> before(columns_, none);  // the column whose row led here; none: the first row
    std::vector<char> is_done(columns_, 0);
    std::size_t row = first_row;
    std::size_t from = none;
    for (;;) {
      std::size_t nearest = none;
      for (std::size_t column = 0; column < columns_; ++column) {
        if (is_done[column] != 0) continue;
        const std::int64_t distance = reduced_cost(row, column);
        if (distance < distances[column]) {
          distances[column] = distance;
          before[column] = from;
        }
        if (nearest == none || distances[column] < distances[nearest]) nearest = column;
      }
      shift(first_row, distances[nearest], is_done, distances);
      is_done[nearest] = 1;
      from = nearest;
      if (row_of_[nearest] == none) break;
      row = row_of_[nearest];
    }
    for (std::size_t column = from; column != none; column = before[column]) {
      row_of_[column] = before[column] == none ? first_row : row_of_[before[column]];
    }
  }

  /// Potentials move so that the nearest column has the reduced cost 0.
  void shift(std::size_t first_row, std::int64_t step, const std::vector<char>& is_done,
             std::vector<std::int64_t>& distances) {
    row_potentials_[first_row] += step;
    for (std::size_t column = 0; column < columns_; ++column) {
      if (is_done[column] != 0) {
        row_potentials_[row_of_[column]] += step;
        column_potentials_[column] -= step;
      } else {
        distances[column] -= step;
      }
    }
  }

  std::span<const std::int64_t> gains_;
  std::size_t rows_;
  std::size_t columns_;
  bool is_transposed_;
  std::vector<std::int64_t> row_potentials_;
  std::vector<std::int64_t> column_potentials_;
  std::vector<std::size_t> row_of_;
};

}  // namespace

std::vector<std::ptrdiff_t> best_assignment(std::span<const std::int64_t> gains, std::size_t rows,
                                            std::size_t columns) {
  const bool is_transposed = rows > columns;
  const ShortestPaths paths(gains, std::min(rows, columns), std::max(rows, columns), is_transposed);
  std::vector<std::ptrdiff_t> column_of(rows, -1);
  for (std::size_t place = 0; place < paths.row_of().size(); ++place) {
    const std::size_t partner = paths.row_of()[place];
    if (partner == none) continue;
    if (is_transposed) {
      column_of[place] = static_cast<std::ptrdiff_t>(partner);
    } else {
      column_of[partner] = static_cast<std::ptrdiff_t>(place);
    }
  }
  return column_of;
}

}  // namespace rankwise
