#include "distributed/itemcf/ridge_weights.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <omp.h>
#include <utility>

#include "distributed/itemcf/neighbourhoods.hpp"
#include "distributed/itemcf/ridge_requests.hpp"
#include "distributed/rows/select_rows.hpp"
#include "distributed/threads/team_size.hpp"
#include "kernels/base/error.hpp"
#include "kernels/itemcf/neighbourhood_ridge.hpp"

namespace rankwise {

namespace {

constexpr Index usual_budget = Index{1} << 30;

/// What systems of neighbourhoods are made of.
struct Problem {
  const ItemLayout& layout;
  const PairMatrix& matrix;
  const RidgeScaling& scaling;
  double penalty;
};

/// One item's members and the sums of their pairs.
struct Neighbourhood {
  std::span<const LocalIndex> members;
  Index own;
  std::span<const std::int64_t> sums;
};

/// Solves for the weights of one item's neighbours, by ascending number; false if that cannot be.
bool solve_one(const Problem& problem, const Neighbourhood& each, NeighbourhoodRidge& ridge,
               std::span<double> weights) {
  const RidgeScaling& scaling = problem.scaling;
  const auto item = [&](Index place) { return problem.layout.item_of[at(each.members[at(place)])]; };
  const auto element = [&](Index a, Index b) {
    const std::int64_t sum = each.sums[at(a < b ? pair_count(b) + a : pair_count(a) + b)];
    return scaling.element(item(a), item(b), problem.matrix.common(sum));
  };
  const Index size = std::ssize(each.members) - 1;
  const auto place_of = [&](Index unknown) { return unknown < each.own ? unknown : unknown + 1; };
  for (Index r = 0; r < size; ++r) {
    ridge.gramian(r, r) = scaling.diagonal(item(place_of(r)));
    for (Index c = r + 1; c < size; ++c) ridge.gramian(r, c) = element(place_of(r), place_of(c));
    ridge.target(r) = element(place_of(r), each.own);
  }
  const std::span<const double> solved = ridge.solve(size, problem.penalty);
  if (solved.empty()) return false;
  for (Index r = 0; r < size; ++r) weights[at(r)] = scaling.unscaled(item(place_of(r)), item(each.own), solved[at(r)]);
  return true;
}

/// Weights by ascending number go to the item's row, which ascends by item.
void put_weights(const ItemLayout& layout, const Neighbourhood& each, std::span<const double> solved, Index row,
                 SparseRows& weights) {
  const std::span<const Index> columns = row_columns(weights, row);
  Index next = 0;
  for (Index place = 0; place < std::ssize(each.members); ++place) {
    if (place == each.own) continue;
    const Index item = layout.item_of[at(each.members[at(place)])];
    const auto column = std::ranges::lower_bound(columns, item) - columns.begin();
    weights.values[at(weights.offsets[at(row)] + column)] = static_cast<float>(solved[at(next++)]);
  }
}

/// A thread's solver, and what it met.
struct Solver {
  NeighbourhoodRidge ridge;
  HardestSystem hardest = {};

  explicit Solver(Index most) : ridge(most) {}
  void note(Index item) {
    if (is_harder({item, ridge.condition()}, hardest)) hardest = {item, ridge.condition()};
  }
  static bool is_harder(const HardestSystem& a, const HardestSystem& b) {
    if (a.condition != b.condition) return a.condition > b.condition;
    return a.condition > 0 && a.item < b.item;
  }
};

/// The weights of some rows; the lowest row that cannot be solved, or -1.
Index solve_rows(const Problem& problem, const Neighbourhoods& neighbourhoods, RowRange rows,
                 const NeighbourhoodSums& sums, std::vector<Solver>& solvers, SparseRows& weights) {
  double work = 0;
  for (Index row = rows.begin; row < rows.end; ++row)
    work += std::pow(static_cast<double>(neighbourhoods.members(row).size()), 3) / 3;
  Index failed = -1;
#pragma omp parallel num_threads(team_size(work))
  {
    Solver& solver = solvers[static_cast<std::size_t>(omp_get_thread_num())];
    std::vector<double> solved;
#pragma omp for schedule(dynamic, 8)
    for (Index row = rows.begin; row < rows.end; ++row) {
      const Neighbourhood each{neighbourhoods.members(row), neighbourhoods.own(row), sums.of(row)};
      if (each.members.size() < 2) continue;
      solved.resize(each.members.size() - 1);
      if (!solve_one(problem, each, solver.ridge, solved)) {
#pragma omp critical(rankwise_failed_ridge)
        failed = failed < 0 ? row : std::min(failed, row);
        continue;
      }
      solver.note(weights.rows.begin + row);
      put_weights(problem.layout, each, solved, row, weights);
    }
  }
  return failed;
}

/// Rows from `begin` on, before `end`, whose bytes(members) add up to at most `most_bytes`; one at least.
template <class Bytes>
RowRange rows_within(const SparseRows& neighbours, Index begin, Index end, Index most_bytes, Bytes&& bytes) {
  Index sum = 0;
  Index row = begin;
  for (; row < end; ++row) {
    sum += bytes(std::ssize(row_columns(neighbours, row)) + 1);
    if (sum > most_bytes && row > begin) break;
  }
  return {begin, row};
}

/// Shares of the budget.
struct RidgeRoom {
  Index members;  ///< of a batch
  Index pairs;    ///< of a batch: each once, as they are asked for
  Index sums;     ///< of the neighbourhoods that are solved together: each pair as often as it is in one

  explicit RidgeRoom(Index bytes) : members(bytes / 4), pairs(bytes / 2), sums(bytes / 4) {}
};

/// The next batch: as many neighbourhoods as fit, by doubling, since what pairs they share is known once these are
/// looked through.
Neighbourhoods next_batch(const Communicator& comm, const ItemLayout& layout, const SparseRows& neighbours, Index begin,
                          const RidgeRoom& room) {
  const Index pair_bytes = requested_pair_bytes(comm);
  const Index end = rows_within(neighbours, begin, neighbours.rows.size(), room.members, Neighbourhoods::bytes).end;
  Neighbourhoods batch(layout, neighbours, rows_within(neighbours, begin, end, room.pairs, [&](Index members) {
                         return pair_count(members) * pair_bytes;
                       }));
  while (batch.rows().end < end) {
    Neighbourhoods more(layout, neighbours, {begin, std::min(begin + 2 * batch.rows().size(), end)});
    if (count_requests(layout, more) * pair_bytes > room.pairs) break;
    batch = std::move(more);
  }
  return batch;
}

Index most_neighbours(const SparseRows& neighbours) {
  Index most = 0;
  for (Index row = 0; row < neighbours.rows.size(); ++row)
    most = std::max<Index>(most, std::ssize(row_columns(neighbours, row)));
  return most;
}

}  // namespace

RidgeScaling::RidgeScaling(const ItemSums& sums, double quantum, Index users, double normalization)
    : centres_(normalization > 0) {
  for (std::size_t i = 0; i < sums.squares.size(); ++i) {
    squares_.push_back(static_cast<double>(sums.squares[i]) * quantum * quantum);
    if (!centres_) continue;
    const double sum = static_cast<double>(sums.weights[i]) * quantum;
    const double mean = sum / static_cast<double>(users);
    const double variance = squares_.back() - mean * sum;
    const bool varies = variance > squares_.back() * 1e-12;
    sums_.push_back(sum);
    means_.push_back(mean);
    scale_.push_back(varies ? std::pow(variance, normalization / 2) : 0);
    inverse_.push_back(varies ? 1 / scale_.back() : 0);
  }
}

HardestSystem hardest_of(const Communicator& comm, const HardestSystem& mine) {
  HardestSystem hardest;
  hardest.condition = comm.max(mine.condition);
  const bool is_mine = mine.item >= 0 && mine.condition == hardest.condition;
  constexpr Index none = std::numeric_limits<Index>::max();
  const Index item = comm.min(is_mine ? mine.item : none);
  if (item != none) hardest.item = item;
  return hardest;
}

RidgeWeights ridge_weights(const Communicator& comm, const ItemLayout& layout, const PairMatrix& matrix,
                           const RidgeScaling& scaling, const RidgeSettings& settings, SparseRows neighbours,
                           Index budget_bytes) {
  const RidgeRoom room(budget_bytes > 0 ? budget_bytes : usual_budget);
  const Problem problem{layout, matrix, scaling, settings.penalty};
  RidgeWeights found{std::move(neighbours)};
  SparseRows& weights = found.weights;
  std::vector<Solver> solvers;
  const Index most = std::max<Index>(most_neighbours(weights), 1);
  for (int thread = 0; thread < omp_get_max_threads(); ++thread) solvers.emplace_back(most);
  NeighbourhoodSums sums;
  Index failed = -1;
  Index begin = 0;
  while (comm.max(Index{begin < weights.rows.size() ? 1 : 0}) == 1) {
    // 1. Some neighbourhoods, and the sums of all their pairs, each counted once.
    const Neighbourhoods batch = next_batch(comm, layout, weights, begin, room);
    const PairRequests requests = requests_of(layout, batch);
    const PairAnswers answers = answer_requests(comm, layout, matrix, requests, budget_bytes);
    // 2. Their systems, some at a time.
    for (Index row = begin; row < batch.rows().end;) {
      const RowRange rows = rows_within(weights, row, batch.rows().end, room.sums, [](Index members) {
        return pair_count(members) * static_cast<Index>(sizeof(std::int64_t));
      });
      sums.fill(layout, batch, rows, requests, answers.sums);
      const Index bad = solve_rows(problem, batch, rows, sums, solvers, weights);
      if (failed < 0) failed = bad;
      row = rows.end;
    }
    begin = batch.rows().end;
    found.asked_pairs += std::ssize(requests.partners);
    found.counted_pairs += answers.counted_pairs;
    ++found.batches;
  }
  agree_on(comm, [&] {
    if (failed < 0) return;
    throw Error(
        ExitCode::bad_data,
        fmt::format(
            "the ridge of the item at row {} of /items/ids is not positive definite; expected a larger --penalty",
            weights.rows.begin + failed));
  });
  for (const Solver& solver : solvers) {
    found.solved_in_double += solver.ridge.solved_in_double();
    if (Solver::is_harder(solver.hardest, found.hardest)) found.hardest = solver.hardest;
  }
  found.solved_in_double = comm.sum(found.solved_in_double);
  found.hardest = hardest_of(comm, found.hardest);
  found.asked_pairs = comm.sum(found.asked_pairs);
  found.counted_pairs = comm.sum(found.counted_pairs);
  return found;
}

}  // namespace rankwise
