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
  explicit Network(std::vector<TableCell>& cells) : cells_(cells), changes_(cells.size(), 0) {
    std::size_t nodes = 0;
    for (const TableCell& cell : cells) nodes = std::max({nodes, cell.from + 1, cell.to + 1});
    at_node_.resize(nodes);
    for (std::size_t cell = 0; cell < cells.size(); ++cell) {
      at_node_[cells[cell].from].push_back(cell);
      at_node_[cells[cell].to].push_back(cell);
    }
    ahead_.by_cell.assign(nodes, none);
    behind_.by_cell.assign(nodes, none);
  }

  /// Hides what it costs least to hide, so that `cell` can be larger by `amount`; returns by how much it can be.
  [[nodiscard]] std::int64_t protect(std::size_t cell, std::int64_t amount) {
    for (const std::size_t changed : changed_) changes_[changed] = 0;
    changed_.clear();
    std::int64_t reached = 0;
    while (reached < amount) {
      std::vector<std::size_t> circle = hidden_circle(cell);
      if (circle.empty()) circle = cheapest_circle(cell);
      if (circle.empty()) break;
      reached += move(circle, cells_[cell].to, amount - reached);
    }
    return reached;
  }

  /// Calls visit(cell, amount) for the other cells that the last protect() has found to be able to be larger.
  template <class Visit>
  void for_each_larger(const Visit& visit) const {
    for (const std::size_t cell : changed_) {
      if (changes_[cell] > 0) visit(cell, changes_[cell]);
    }
  }

 private:
  static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

  /// Nodes that a search has reached, and the cell by which it came to each.
  struct Search {
    std::vector<std::size_t> by_cell;
    std::vector<std::size_t> nodes;  ///< in the order in which they were reached
    std::size_t next = 0;            ///< of `nodes`, whose cells are tried next

    void begin_at(std::size_t node, std::size_t cell) {
      for (const std::size_t each : nodes) by_cell[each] = none;
      nodes = {node};
      by_cell[node] = cell;
      next = 0;
    }
    [[nodiscard]] bool has_next() const { return next < nodes.size(); }
  };

  /// What hiding a cell takes from a reader.
  [[nodiscard]] std::int64_t cost(std::size_t cell) const {
    return cells_[cell].state == Disclosure::open ? magnitude(cells_[cell].value) + 1 : 0;
  }

  /// By how much the cell can become smaller yet.
  [[nodiscard]] std::int64_t room(std::size_t cell) const {
    return cells_[cell].slack == any_amount ? any_amount : cells_[cell].slack + changes_[cell];
  }

  [[nodiscard]] std::size_t other_end(std::size_t cell, std::size_t node) const {
    return cells_[cell].from == node ? cells_[cell].to : cells_[cell].from;
  }

  /// Tries the cells of one more node of `search`, against their direction if it comes from behind. Returns a node at
  /// which both searches meet; none if they do not yet.
  std::size_t reach_further(Search& search, const Search& opposite) {
    const bool is_ahead = &search == &ahead_;
    const std::size_t node = search.nodes[search.next++];
    const std::size_t start = search.by_cell[search.nodes.front()];  // the cell that is protected is no way
    for (const std::size_t cell : at_node_[node]) {
      if (cell == start || is_printed(cells_[cell].state)) continue;
      const std::size_t end = other_end(cell, node);
      if (search.by_cell[end] != none) continue;
      const bool becomes_larger = (cells_[cell].from == node) == is_ahead;
      if (!becomes_larger && room(cell) < 1) continue;
      search.by_cell[end] = cell;
      search.nodes.push_back(end);
      if (opposite.by_cell[end] != none) return end;
    }
    return none;
  }

  /// A circle as cheapest_circle() finds it, but of hidden cells alone, which cost nothing: looked for from both ends,
  /// so that a table in which much is hidden is not searched as a whole for each of its cells. Empty if there is none.
  [[nodiscard]] std::vector<std::size_t> hidden_circle(std::size_t cell) {
    const std::size_t begin = cells_[cell].to;
    const std::size_t end = cells_[cell].from;
    ahead_.begin_at(begin, cell);
    behind_.begin_at(end, cell);
    std::size_t middle = none;
    while (middle == none && ahead_.has_next() && behind_.has_next()) {
      const bool is_ahead = ahead_.nodes.size() <= behind_.nodes.size();
      middle = is_ahead ? reach_further(ahead_, behind_) : reach_further(behind_, ahead_);
    }
    std::vector<std::size_t> circle;
    if (middle == none) return circle;
    for (std::size_t node = middle; node != begin; node = other_end(circle.back(), node))
      circle.push_back(ahead_.by_cell[node]);
    std::reverse(circle.begin(), circle.end());
    for (std::size_t node = middle; node != end; node = other_end(circle.back(), node))
      circle.push_back(behind_.by_cell[node]);
    return circle;
  }

  /// Cells along which a value goes back from the cell's end to its begin: each becomes larger, or smaller by 1 at
  /// least. Empty if there is no such circle. Ties go to the lowest node and cell.
  [[nodiscard]] std::vector<std::size_t> cheapest_circle(std::size_t cell) const {
    constexpr std::int64_t unbounded = std::numeric_limits<std::int64_t>::max();
    std::vector<std::int64_t> distances(at_node_.size(), unbounded);
    std::vector<std::size_t> by_cell(at_node_.size(), none);
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
        const std::size_t end = other_end(next, node);
        if (distance + cost(next) >= distances[end]) continue;
        if (cells_[next].from != node && room(next) < 1) continue;
        distances[end] = distance + cost(next);
        by_cell[end] = next;
        reached.emplace(distances[end], end);
      }
    }
    std::vector<std::size_t> circle;
    if (distances[goal] == unbounded) return circle;
    for (std::size_t node = goal; node != cells_[cell].to; node = other_end(circle.back(), node))
      circle.push_back(by_cell[node]);
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
      node = other_end(cell, node);
    }
    for (std::size_t place = 0; place < circle.size(); ++place) {
      changes_[circle[place]] += becomes_larger[place] != 0 ? most : -most;
      changed_.push_back(circle[place]);
      TableCell& cell = cells_[circle[place]];
      if (cell.state == Disclosure::open) cell.state = Disclosure::complement;
    }
    return most;
  }

  std::vector<TableCell>& cells_;
  std::vector<std::vector<std::size_t>> at_node_;
  std::vector<std::int64_t> changes_;  ///< of each cell, for the one that is protected
  std::vector<std::size_t> changed_;   ///< cells with changes
  Search ahead_;                       ///< from the end of the cell that is protected
  Search behind_;                      ///< back from its begin
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
  // What protects a cell often protects others, since values that move along a circle make every second cell larger.
  Network network(cells);
  std::vector<char> is_protected(cells.size(), 0);
  std::vector<std::size_t> unprotected;
  for (const std::size_t cell : sensitive) {
    if (is_protected[cell] != 0) continue;
    if (network.protect(cell, cells[cell].protection) == 0) unprotected.push_back(cell);
    network.for_each_larger([&](std::size_t other, std::int64_t amount) {
      if (amount >= cells[other].protection) is_protected[other] = 1;
    });
  }
  if (unprotected.empty()) return 0;
  for (TableCell& cell : cells) {
    if (cell.state == Disclosure::open) cell.state = Disclosure::complement;
  }
  std::erase_if(unprotected, [&](std::size_t cell) { return network.protect(cell, 1) > 0; });
  return unprotected.size();
}

}  // namespace rankwise
