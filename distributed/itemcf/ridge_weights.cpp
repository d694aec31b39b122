#include "distributed/itemcf/ridge_weights.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <omp.h>
#include <utility>

#include "distributed/itemcf/ridge_requests.hpp"
#include "distributed/rows/select_rows.hpp"
#include "distributed/threads/team_size.hpp"
#include "kernels/base/error.hpp"
#include "kernels/itemcf/neighbourhood_ridge.hpp"

namespace rankwise {

namespace {

constexpr Index usual_budget = Index{1} << 30;

std::size_t at(Index i) {
  return static_cast<std::size_t>(i);
}

/// Pairs of so many items, each once.
Index pair_count(Index items) {
  return items * (items - 1) / 2;
}

/// Of an item its neighbours and itself, by ascending number, and the sums of all pairs of them.
struct Neighbourhood {
  std::vector<LocalIndex> members;
  Index own = 0;                   ///< the item's own place
  std::vector<std::int64_t> sums;  ///< of members a < b at b (b - 1) / 2 + a

  [[nodiscard]] std::int64_t& sum(Index a, Index b) { return sums[at(pair_count(b) + a)]; }
  [[nodiscard]] std::int64_t sum(Index a, Index b) const { return sums[at(pair_count(b) + a)]; }
};

Neighbourhood neighbourhood_of(const ItemLayout& layout, const SparseRows& neighbours, Index row) {
  const LocalIndex own = layout.number_of[at(neighbours.rows.begin + row)];
  Neighbourhood found;
  for (const Index item : row_columns(neighbours, row)) found.members.push_back(layout.number_of[at(item)]);
  found.members.push_back(own);
  std::ranges::sort(found.members);
  found.own = std::ranges::find(found.members, own) - found.members.begin();
  found.sums.resize(at(pair_count(std::ssize(found.members))));
  return found;
}

/// Where an item is a member.
struct Membership {
  Index neighbourhood;
  Index place;
};

/// By number, the neighbourhoods of a batch that have the item, as a compressed table.
struct Memberships {
  std::vector<Index> offsets;
  std::vector<Membership> all;

  Memberships(std::span<const Neighbourhood> batch, Index items) : offsets(at(items) + 1) {
    for (const Neighbourhood& each : batch) {
      for (const LocalIndex member : each.members) ++offsets[at(member) + 1];
    }
    for (std::size_t i = 1; i < offsets.size(); ++i) offsets[i] += offsets[i - 1];
    all.resize(at(offsets.back()));
    std::vector<Index> next(offsets.begin(), offsets.end() - 1);
    for (std::size_t n = 0; n < batch.size(); ++n) {
      for (std::size_t place = 0; place < batch[n].members.size(); ++place)
        all[at(next[at(batch[n].members[place])]++)] = {static_cast<Index>(n), static_cast<Index>(place)};
    }
  }
  [[nodiscard]] std::span<const Membership> of(LocalIndex number) const {
    return std::span(all).subspan(at(offsets[at(number)]), at(offsets[at(number) + 1] - offsets[at(number)]));
  }
};

/// Each pair of members once: the member with fewer users is counted, and asked for the others before it.
PairRequests requests_of(const ItemLayout& layout, std::span<const Neighbourhood> batch, const Memberships& members) {
  PairRequests requests;
  std::vector<LocalIndex> met_by(at(layout.count()), -1);
  std::vector<LocalIndex> partners;
  for (Index item = 0; item < layout.count(); ++item) {
    const LocalIndex number = layout.number_of[at(item)];
    partners.clear();
    for (const Membership& membership : members.of(number)) {
      const Neighbourhood& each = batch[at(membership.neighbourhood)];
      for (Index place = 0; place < membership.place; ++place) {
        const LocalIndex partner = each.members[at(place)];
        if (met_by[at(partner)] == number) continue;
        met_by[at(partner)] = number;
        partners.push_back(partner);
      }
    }
    if (!partners.empty()) requests.add(number, partners);
  }
  return requests;
}

/// Puts the answers where they belong.
void fill_sums(const ItemLayout& layout, std::span<Neighbourhood> batch, const Memberships& members,
               const PairRequests& requests, std::span<const std::int64_t> answers) {
  std::vector<std::int64_t> with(at(layout.count()));
  for (std::size_t r = 0; r < requests.numbers.size(); ++r) {
    for (Index p = requests.offsets[r]; p < requests.offsets[r + 1]; ++p)
      with[at(requests.partners[at(p)])] = answers[at(p)];
    for (const Membership& membership : members.of(requests.numbers[r])) {
      Neighbourhood& each = batch[at(membership.neighbourhood)];
      for (Index place = 0; place < membership.place; ++place)
        each.sum(place, membership.place) = with[at(each.members[at(place)])];
    }
  }
}

/// Solves for the weights of one item's neighbours, by ascending number; false if that cannot be.
bool solve_one(const Neighbourhood& each, const ItemLayout& layout, const PairMatrix& matrix,
               const RidgeScaling& scaling, double penalty, NeighbourhoodRidge& ridge, std::span<double> weights) {
  const auto item = [&](Index place) { return layout.item_of[at(each.members[at(place)])]; };
  const auto element = [&](Index a, Index b) {
    const std::int64_t sum = a < b ? each.sum(a, b) : each.sum(b, a);
    return scaling.element(item(a), item(b), matrix.common(sum));
  };
  const Index size = std::ssize(each.members) - 1;
  const auto place_of = [&](Index unknown) { return unknown < each.own ? unknown : unknown + 1; };
  for (Index r = 0; r < size; ++r) {
    ridge.gramian(r, r) = scaling.diagonal(item(place_of(r)));
    for (Index c = r + 1; c < size; ++c) ridge.gramian(r, c) = element(place_of(r), place_of(c));
    ridge.target(r) = element(place_of(r), each.own);
  }
  const std::span<const double> solved = ridge.solve(size, penalty);
  if (solved.empty()) return false;
  for (Index r = 0; r < size; ++r) weights[at(r)] = scaling.unscaled(item(place_of(r)), item(each.own), solved[at(r)]);
  return true;
}

/// Rows [rows.begin, rows.end) (local) of the weights; the lowest row that cannot be solved, or -1.
Index solve_batch(std::span<const Neighbourhood> batch, RowRange rows, const ItemLayout& layout,
                  const PairMatrix& matrix, const RidgeScaling& scaling, double penalty,
                  std::vector<NeighbourhoodRidge>& solvers, SparseRows& weights) {
  double work = 0;
  for (const Neighbourhood& each : batch) work += std::pow(static_cast<double>(each.members.size()), 3) / 3;
  Index failed = -1;
#pragma omp parallel num_threads(team_size(work))
  {
    NeighbourhoodRidge& ridge = solvers[static_cast<std::size_t>(omp_get_thread_num())];
    std::vector<double> solved;
#pragma omp for schedule(dynamic, 8)
    for (Index row = rows.begin; row < rows.end; ++row) {
      const Neighbourhood& each = batch[at(row - rows.begin)];
      if (each.members.size() < 2) continue;
      solved.resize(each.members.size() - 1);
      if (!solve_one(each, layout, matrix, scaling, penalty, ridge, solved)) {
#pragma omp critical(rankwise_failed_ridge)
        failed = failed < 0 ? row : std::min(failed, row);
        continue;
      }
      // From the order of numbers to that of items.
      const std::span<const Index> columns = row_columns(weights, row);
      Index next = 0;
      for (Index place = 0; place < std::ssize(each.members); ++place) {
        if (place == each.own) continue;
        const Index item = layout.item_of[at(each.members[at(place)])];
        const auto column = std::ranges::lower_bound(columns, item) - columns.begin();
        weights.values[at(weights.offsets[at(row)] + column)] = static_cast<float>(solved[at(next++)]);
      }
    }
  }
  return failed;
}

/// Rows from `begin` on whose pairs take at most so many bytes, one at least if there is one.
Index batch_end(const SparseRows& neighbours, Index begin, Index budget_bytes) {
  // The sum, and what travels for it: a partner and an answer, on both sides.
  constexpr Index pair_bytes = 8 + 2 * (4 + 8);
  Index bytes = 0;
  Index end = begin;
  while (end < neighbours.rows.size()) {
    const Index members = std::ssize(row_columns(neighbours, end)) + 1;
    bytes += pair_count(members) * pair_bytes;
    if (bytes > budget_bytes && end > begin) break;
    ++end;
  }
  return end;
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

RidgeWeights ridge_weights(const Communicator& comm, const ItemLayout& layout, const PairMatrix& matrix,
                           const RidgeScaling& scaling, const RidgeSettings& settings, SparseRows neighbours,
                           Index budget_bytes) {
  const Index budget = budget_bytes > 0 ? budget_bytes : usual_budget;
  RidgeWeights found{std::move(neighbours)};
  SparseRows& weights = found.weights;
  std::vector<NeighbourhoodRidge> solvers;
  const Index most = std::max<Index>(most_neighbours(weights), 1);
  for (int thread = 0; thread < omp_get_max_threads(); ++thread) solvers.emplace_back(most);
  Index failed = -1;
  Index begin = 0;
  while (comm.max(Index{begin < weights.rows.size() ? 1 : 0}) == 1) {
    const RowRange rows{begin, batch_end(weights, begin, budget)};
    begin = rows.end;
    std::vector<Neighbourhood> batch;
    for (Index row = rows.begin; row < rows.end; ++row) batch.push_back(neighbourhood_of(layout, weights, row));
    const Memberships members(batch, layout.count());
    const PairRequests requests = requests_of(layout, batch, members);
    fill_sums(layout, batch, members, requests, answer_requests(comm, layout, matrix, requests, budget_bytes));
    const Index bad = solve_batch(batch, rows, layout, matrix, scaling, settings.penalty, solvers, weights);
    if (failed < 0) failed = bad;
  }
  agree_on(comm, [&] {
    if (failed < 0) return;
    throw Error(
        ExitCode::bad_data,
        fmt::format(
            "the ridge of the item at row {} of /items/ids is not positive definite; expected a larger --penalty",
            weights.rows.begin + failed));
  });
  for (const NeighbourhoodRidge& solver : solvers) found.solved_in_double += solver.solved_in_double();
  found.solved_in_double = comm.sum(found.solved_in_double);
  return found;
}

}  // namespace rankwise
