#include "distributed/log/split_figures.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

#include "distributed/log/time_cuts.hpp"
#include "kernels/base/time_units.hpp"

namespace rankwise {

namespace {

constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

Index size_of(const SparseRows& matrix, Index row) {
  return matrix.offsets[at(row) + 1] - matrix.offsets[at(row)];
}

std::span<const std::int64_t> times_of(const SparseRows& matrix, Index row) {
  return std::span(*matrix.times_seconds).subspan(at(matrix.offsets[at(row)]), at(size_of(matrix, row)));
}

/// The sides of a split.
struct DividedRows {
  const SparseRows* training;
  const SparseRows* training_by_item;
  const BothSides<SparseRows>* heldout;
  const SparseRows* given = nullptr;  ///< rows as `heldout`; none if users are not held out whole
  const SparseRows* given_by_item = nullptr;

  /// What is known of the users that are held out: their part of the training.
  [[nodiscard]] const SparseRows& known() const { return given != nullptr ? *given : *training; }
};

void count_cold(const Communicator& comm, const DividedRows& sides, SplitFigures& figures) {
  const SparseRows& heldout = sides.heldout->by_user;
  for (Index user = 0; user < heldout.rows.size(); ++user) {
    if (size_of(heldout, user) == 0) continue;
    ++figures.heldout_users;
    figures.cold_users += size_of(sides.known(), user) == 0 ? 1 : 0;
  }
  const SparseRows& of_items = sides.heldout->by_item;
  for (Index item = 0; item < of_items.rows.size(); ++item) {
    if (size_of(of_items, item) == 0) continue;
    ++figures.heldout_items;
    const bool is_given = sides.given_by_item != nullptr && size_of(*sides.given_by_item, item) > 0;
    figures.cold_items += !is_given && size_of(*sides.training_by_item, item) == 0 ? 1 : 0;
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

Leakage leakage_of(const Communicator& comm, const DividedRows& sides, std::span<const std::int64_t> first_seconds) {
  const SparseRows& heldout = sides.heldout->by_user;
  const SparseRows& known = sides.known();
  std::int64_t first_of_all = never;
  for (const std::int64_t time : *heldout.times_seconds) first_of_all = std::min(first_of_all, time);
  first_of_all = comm.min(first_of_all);

  const auto is_after_first = [&](std::int64_t time) { return time > first_of_all; };
  Index training = sides.training->entries();
  Index after_first = std::ranges::count_if(*sides.training->times_seconds, is_after_first);
  if (sides.given != nullptr) {
    training += sides.given->entries();
    after_first += std::ranges::count_if(*sides.given->times_seconds, is_after_first);
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
  if (leakage.median_gap_days) *leakage.median_gap_days /= seconds_per_day;
  return leakage;
}

SplitFigures figures_of(const Communicator& comm, const DividedRows& sides,
                        std::span<const std::int64_t> first_seconds) {
  SplitFigures figures;
  count_cold(comm, sides, figures);
  const bool is_timed = sides.training->times_seconds.has_value();
  if (is_timed && comm.sum(sides.heldout->by_user.entries()) > 0) {
    figures.leakage = leakage_of(comm, sides, first_seconds);
  }
  return figures;
}

}  // namespace

SplitFigures split_figures(const Communicator& comm, const Dataset& dataset,
                           std::span<const std::int64_t> first_seconds) {
  if (!dataset.heldout) return {};
  DividedRows sides{&dataset.interactions, &dataset.interactions_by_item, &*dataset.heldout};
  if (dataset.heldout_users) {
    sides.given = &dataset.heldout_users->given;
    sides.given_by_item = &dataset.heldout_users->given_by_item;
  }
  return figures_of(comm, sides, first_seconds);
}

SplitFigures validation_figures(const Communicator& comm, const Dataset& dataset,
                                std::span<const std::int64_t> first_seconds) {
  if (!dataset.validation) return {};
  DividedRows sides{&dataset.interactions, &dataset.interactions_by_item, &dataset.validation->interactions};
  if (const auto& given = dataset.validation->given) {
    sides.given = &given->by_user;
    sides.given_by_item = &given->by_item;
  }
  return figures_of(comm, sides, first_seconds);
}

}  // namespace rankwise
