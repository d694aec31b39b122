#include "distributed/evaluation/list_diversity.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "distributed/evaluation/gathered_rows.hpp"
#include "distributed/threads/team_size.hpp"

namespace rankwise {

namespace {

constexpr Index items_per_read = 4096;
constexpr Index users_at_once = 1 << 15;

/// An item at a position (from 0) of a list.
struct ListedItem {
  Index item = 0;
  Index position = 0;
};

/// The sum of a list's unit vectors: the cosines of all pairs are half of its square less the squares of the vectors.
struct DirectionSum {
  std::vector<double> vector;
  double squares = 0;
  Index items = 0;

  void add(std::span<const double> unit, double square) {
    for (std::size_t c = 0; c < unit.size(); ++c) vector[c] += unit[c];
    squares += square;
    ++items;
  }
  [[nodiscard]] double diversity() const {
    if (items < 2) return 0;
    double square = 0;
    for (const double each : vector) square += each * each;
    return 1 - (square - squares) / (static_cast<double>(items) * static_cast<double>(items - 1));
  }
};

std::vector<std::vector<ListedItem>> by_item(const KeptLists& lists, Index begin, Index end) {
  std::vector<std::vector<ListedItem>> listed(at(end - begin));
  for (Index user = begin; user < end; ++user) {
    const std::span<const Index> list = lists.list(user);
    std::vector<ListedItem>& items = listed[at(user - begin)];
    for (Index position = 0; position < lists.places && list[at(position)] >= 0; ++position)
      items.push_back({list[at(position)], position});
    std::ranges::sort(items, {}, &ListedItem::item);
  }
  return listed;
}

/// Rows of unit length, or 0; and the square of each, which is 1 or 0.
struct Directions {
  std::vector<double> units;
  std::vector<double> squares;
};

Directions directions_of(ConstMatrixView rows, Index factors) {
  Directions found{std::vector<double>(at(rows.rows * factors)), std::vector<double>(at(rows.rows))};
  for (Index r = 0; r < rows.rows; ++r) {
    double square = 0;
    for (Index c = 0; c < factors; ++c)
      square += static_cast<double>(rows.row(r)[c]) * static_cast<double>(rows.row(r)[c]);
    if (square == 0) continue;
    found.squares[at(r)] = 1;
    for (Index c = 0; c < factors; ++c)
      found.units[at(r * factors + c)] = static_cast<double>(rows.row(r)[c]) / std::sqrt(square);
  }
  return found;
}

}  // namespace

void fill_diversity(const Communicator& comm, const ListQuestions& questions, const FactorMatrix& items, Index factors,
                    ListTable& table) {
  std::vector<std::size_t> wanted;
  for (std::size_t m = 0; m < questions.metrics.size(); ++m) {
    if (questions.metrics[m].kind == MetricKind::diversity) wanted.push_back(m);
  }
  if (wanted.empty()) return;
  const Index users = std::ssize(table.rows);
  const Index rounds = comm.max((users + users_at_once - 1) / users_at_once);
  for (Index round = 0; round < rounds; ++round) {
    const Index begin = std::min(round * users_at_once, users);
    const Index end = std::min(begin + users_at_once, users);
    const std::vector<std::vector<ListedItem>> listed = by_item(table.lists, begin, end);
    std::vector<std::vector<DirectionSum>> sums(
        listed.size(), std::vector<DirectionSum>(wanted.size(), {std::vector<double>(at(factors)), 0, 0}));
    for (Index first = 0; first < items.partition.rows(); first += items_per_read) {
      const RowRange range{first, std::min(first + items_per_read, items.partition.rows())};
      const Matrix rows = gather_rows(comm, items, range);
      const Directions directions = directions_of(rows.view(), factors);
      const int threads = team_size(static_cast<double>((end - begin) * factors));
#pragma omp parallel for schedule(dynamic, 64) num_threads(threads)
      for (std::size_t user = 0; user < listed.size(); ++user) {
        auto place = std::ranges::lower_bound(listed[user], range.begin, {}, &ListedItem::item);
        for (; place != listed[user].end() && place->item < range.end; ++place) {
          const Index row = place->item - range.begin;
          const std::span<const double> unit(directions.units.data() + row * factors, at(factors));
          for (std::size_t w = 0; w < wanted.size(); ++w) {
            if (place->position < questions.metrics[wanted[w]].cutoff)
              sums[user][w].add(unit, directions.squares[at(row)]);
          }
        }
      }
    }
    for (std::size_t user = 0; user < listed.size(); ++user) {
      for (std::size_t w = 0; w < wanted.size(); ++w)
        table.values[wanted[w]][at(begin) + user] = sums[user][w].diversity();
    }
  }
}

}  // namespace rankwise
