#include "kernels/statistics/suppression.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <queue>
#include <utility>

namespace rankwise {

namespace {

std::int64_t magnitude(std::int64_t value) {
  return value < 0 ? -value : value;
}

/// The cells at each node.
class Network {
 public:
  explicit Network(std::vector<TableCell>& cells) : cells_(cells) {
    std::size_t nodes = 0;
    for (const TableCell& cell : cells) nodes = std::max({nodes, cell.from + 1, cell.to + 1});
    at_node_.resize(nodes);
    for (std::size_t cell = 0; cell < cells.size(); ++cell) {
      at_node_[cells[cell].from].push_back(cell);
      at_node_[cells[cell].to].push_back(cell);
    }
  }

  /// Hides what it costs least to hide, so that `cell` can be larger by `amount`; returns by how much it can be.
  [[nodiscard]] std::int64_t protect(std::size_t cell, std::int64_t amount) {
    changes_.assign(cells_.size(), 0);
    std::int64_t reached = 0;
    while (reached < amount) {
      const std::vector<std::size_t> circle = cheapest_circle(cell);
      if (circle.empty()) break;
      reached += move(circle, cells_[cell].to, amount - reached);
    }
    return reached;
  }

 private:
  /// What hiding a cell takes from a reader.
  [[nodiscard]] std::int64_t cost(std::size_t cell) const {
    return cells_[cell].state == Disclosure::open ? magnitude(cells_[cell].value) + 1 : 0;
  }

  /// By how much the cell can become smaller yet.
  [[nodiscard]] std::int64_t room(std::size_t cell) const {
    return cells_[cell].slack == any_amount ? any_amount : cells_[cell].slack + changes_[cell];
  }

  /// Cells along which a value goes back from the cell's end to its begin: each becomes larger, or smaller by 1 at
  /// least. Empty if there is no such circle. Ties go to the lowest node and cell.
  [[nodiscard]] std::vector<std::size_t> cheapest_circle(std::size_t cell) const {
    constexpr std::int64_t unbounded = std::numeric_limits<std::int64_t>::max();
    std::vector<std::int64_t> distances(at_node_.size(), unbounded);
    std::vector<std::size_t> by_cell(at_node_.size(), cells_.size());
    using Reached = std::pair<std::int64_t, std::size_t>;
    std::priority_queue<Reached, std::vector<Reached>, std::greater<>> reached;
    const std::size_t goal = cells_[cell].from;
    distances[cells_[cell].to] = 0;
    reached.emplace(0, cells_[cell].to);
    while (!reached.empty()) {
      const auto [distance, node] = reached.top();
      reached.pop();
      if (distance > distances[node]) continue;
      if (node == goal) break;
      for (const std::size_t next : at_node_[node]) {
        if (next == cell || cells_[next].state == Disclosure::published) continue;
        const bool becomes_larger = cells_[next].from == node;
        if (!becomes_larger && room(next) < 1) continue;
        const std::size_t end = becomes_larger ? cells_[next].to : cells_[next].from;
        if (distance + cost(next) >= distances[end]) continue;
        distances[end] = distance + cost(next);
        by_cell[end] = next;
        reached.emplace(distances[end], end);
      }
    }
    std::vector<std::size_t> circle;
    if (distances[goal] == unbounded) return circle;
    for (std::size_t node = goal; node != cells_[cell].to;) {
      const std::size_t by = by_cell[node];
      circle.push_back(by);
      node = cells_[by].from == node ? cells_[by].to : cells_[by].from;
    }
    std::reverse(circle.begin(), circle.end());
    return circle;
  }

  /// Hides the circle, which begins at `node`, and moves as much along it as it allows, `most` at most; returns how
  /// much.
  std::int64_t move(const std::vector<std::size_t>& circle, std::size_t node, std::int64_t most) {
    std::vector<char> becomes_larger;
    for (const std::size_t cell : circle) {
      becomes_larger.push_back(cells_[cell].from == node ? 1 : 0);
      if (becomes_larger.back() == 0) most = std::min(most, room(cell));
      node = becomes_larger.back() != 0 ? cells_[cell].to : cells_[cell].from;
    }
    for (std::size_t place = 0; place < circle.size(); ++place) {
      changes_[circle[place]] += becomes_larger[place] != 0 ? most : -most;
      TableCell& cell = cells_[circle[place]];
      if (cell.state == Disclosure::open) cell.state = Disclosure::complement;
    }
    return most;
  }

  std::vector<TableCell>& cells_;
  std::vector<std::vector<std::size_t>> at_node_;
  std::vector<std::int64_t> changes_;  ///< of each cell, for the one that is protected
};

}  // namespace

std::vector<TableCell> line_with_total(std::span<const std::int64_t> values) {
  std::vector<TableCell> cells;
  std::int64_t total = 0;
  for (const std::int64_t value : values) {
    cells.push_back({0, 1, value, value, Disclosure::open});
    total += value;
  }
  cells.push_back({1, 0, total, total, Disclosure::open});
  return cells;
}

std::vector<TableCell> table_with_totals(std::span<const std::int64_t> values, std::size_t rows, std::size_t columns) {
  // Nodes: rows, the row of totals, columns, the column of totals. A number flows from its row to its column, a
  // column's total to the row of totals, the total of all from there to the column of totals, and a row's total back to
  // its row.
  const std::size_t first_column = rows + 1;
  const std::size_t width = columns + 1;
  std::vector<TableCell> cells((rows + 1) * width);
  for (std::size_t row = 0; row <= rows; ++row) {
    for (std::size_t column = 0; column <= columns; ++column) {
      const bool is_total = row == rows || column == columns;
      TableCell& cell = cells[row * width + column];
      cell = {row, first_column + column, 0, 0, Disclosure::open};
      if ((row == rows) != (column == columns)) std::swap(cell.from, cell.to);
      if (!is_total) cell.value = values[row * columns + column];
    }
  }
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t column = 0; column < columns; ++column) {
      const std::int64_t value = values[row * columns + column];
      cells[row * width + columns].value += value;
      cells[rows * width + column].value += value;
      cells[rows * width + columns].value += value;
    }
  }
  for (TableCell& cell : cells) cell.slack = cell.value;
  return cells;
}

void hide_small_counts(std::vector<TableCell>& cells, std::int64_t least) {
  for (TableCell& cell : cells) {
    if (cell.state != Disclosure::open || cell.value >= least) continue;
    cell.state = cell.value == 0 ? Disclosure::complement : Disclosure::hidden;
    cell.protection = least;
  }
}

std::size_t hide_complements(std::vector<TableCell>& cells) {
  std::vector<std::size_t> sensitive;
  for (std::size_t cell = 0; cell < cells.size(); ++cell) {
    if (cells[cell].state == Disclosure::hidden) sensitive.push_back(cell);
  }
  Network network(cells);
  std::vector<std::size_t> unprotected;
  for (const std::size_t cell : sensitive) {
    if (network.protect(cell, cells[cell].protection) == 0) unprotected.push_back(cell);
  }
  if (unprotected.empty()) return 0;
  for (TableCell& cell : cells) {
    if (cell.state == Disclosure::open) cell.state = Disclosure::complement;
  }
  std::erase_if(unprotected, [&](std::size_t cell) { return network.protect(cell, 1) > 0; });
  return unprotected.size();
}

}  // namespace rankwise
