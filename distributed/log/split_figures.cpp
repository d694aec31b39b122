#include "distributed/log/split_figures.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

#include "distributed/log/time_cuts.hpp"

namespace rankwise {

namespace {

constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

std::size_t at(Index i) {
  return static_cast<std::size_t>(i);
}

Index size_of(const SparseRows& matrix, Index row) {
  return matrix.offsets[at(row) + 1] - matrix.offsets[at(row)];
}

std::span<const std::int64_t> times_of(const SparseRows& matrix, Index row) {
  return std::span(*matrix.times_seconds).subspan(at(matrix.offsets[at(row)]), at(size_of(matrix, row)));
}

/// What is known of the users that are held out: their part of the training.
const SparseRows& known_part(const Dataset& dataset) {
  return dataset.heldout_users ? dataset.heldout_users->given : dataset.interactions;
}

void count_cold(const Communicator& comm, const Dataset& dataset, SplitFigures& figures) {
  const SparseRows& heldout = dataset.heldout->by_user;
  const SparseRows& known = known_part(dataset);
  for (Index user = 0; user < heldout.rows.size(); ++user) {
    if (size_of(heldout, user) == 0) continue;
    ++figures.heldout_users;
    figures.cold_users += size_of(known, user) == 0 ? 1 : 0;
  }
  const SparseRows& of_items = dataset.heldout->by_item;
  for (Index item = 0; item < of_items.rows.size(); ++item) {
    if (size_of(of_items, item) == 0) continue;
    ++figures.heldout_items;
    const bool is_given = dataset.heldout_users && size_of(dataset.heldout_users->given_by_item, item) > 0;
    figures.cold_items += !is_given && size_of(dataset.interactions_by_item, item) == 0 ? 1 : 0;
  }
  std::array counts{figures.heldout_users, figures.heldout_items, figures.cold_users, figures.cold_items};
  comm.all_reduce_sum(std::span<Index>(counts));
  figures = {counts[0], counts[1], counts[2], counts[3], {}};
}

/// Halves of an even number are averaged. Collective.
std::optional<double> median(const Communicator& comm, std::vector<std::int64_t> values) {
  const Index count = comm.sum(static_cast<Index>(values.size()));
  if (count == 0) return std::nullopt;
  const std::array<Index, 2> middle{(count + 1) / 2, count / 2 + 1};
  const std::vector<std::int64_t> found = times_reaching(comm, std::move(values), middle);
  return (static_cast<double>(found[0]) + static_cast<double>(found[1])) / 2;
}

Leakage leakage_of(const Communicator& comm, const Dataset& dataset, std::span<const std::int64_t> first_seconds) {
  const SparseRows& heldout = dataset.heldout->by_user;
  const SparseRows& known = known_part(dataset);
  std::int64_t first_of_all = never;
  for (const std::int64_t time : *heldout.times_seconds) first_of_all = std::min(first_of_all, time);
  first_of_all = comm.min(first_of_all);

  Index training = dataset.interactions.entries();
  Index after_first = std::ranges::count_if(*dataset.interactions.times_seconds,
                                            [&](std::int64_t time) { return time > first_of_all; });
  if (dataset.heldout_users) {
    training += known.entries();
    after_first += std::ranges::count_if(*known.times_seconds, [&](std::int64_t time) { return time > first_of_all; });
  }

  Index after_own = 0;
  Index future = 0;
  std::vector<std::int64_t> gaps;
  for (Index user = 0; user < heldout.rows.size(); ++user) {
    const std::span<const std::int64_t> own = times_of(heldout, user);
    if (own.empty()) continue;
    std::vector<std::int64_t> before(times_of(known, user).begin(), times_of(known, user).end());
    std::ranges::sort(before);
    after_own += before.end() - std::ranges::upper_bound(before, *std::ranges::min_element(own));
    for (std::size_t e = 0; e < own.size(); ++e) {
      const auto later = std::ranges::upper_bound(before, own[e]);
      if (later != before.begin()) gaps.push_back(own[e] - *(later - 1));
      const Index item = heldout.columns[at(heldout.offsets[at(user)]) + e];
      future += first_seconds[at(item)] >= own[e] ? 1 : 0;
    }
  }
  std::array counts{training, after_own, after_first, heldout.entries(), future};
  comm.all_reduce_sum(std::span<Index>(counts));
  const auto share = [](Index part, Index of) {
    return of > 0 ? static_cast<double>(part) / static_cast<double>(of) : 0.0;
  };
  Leakage leakage{.after_own_heldout = share(counts[1], counts[0]),
                  .after_first_heldout = share(counts[2], counts[0]),
                  .future_items = share(counts[4], counts[3]),
                  .median_gap_days = median(comm, std::move(gaps))};
  constexpr double seconds_of_a_day = 86'400;
  if (leakage.median_gap_days) *leakage.median_gap_days /= seconds_of_a_day;
  return leakage;
}

}  // namespace

SplitFigures split_figures(const Communicator& comm, const Dataset& dataset,
                           std::span<const std::int64_t> first_seconds) {
  SplitFigures figures;
  if (!dataset.heldout) return figures;
  count_cold(comm, dataset, figures);
  const bool is_timed = dataset.interactions.times_seconds.has_value();
  if (is_timed && comm.sum(dataset.heldout->by_user.entries()) > 0) {
    figures.leakage = leakage_of(comm, dataset, first_seconds);
  }
  return figures;
}

}  // namespace rankwise
