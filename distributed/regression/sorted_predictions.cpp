#include "distributed/regression/sorted_predictions.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "distributed/comm/key_exchange.hpp"
#include "distributed/comm/order_free_sum.hpp"
#include "kernels/base/fixed_point_sum.hpp"

namespace rankwise {

namespace {

/// Where the shares of ranks begin: at most one a rank but the first, by samples of each rank's sorted predictions.
/// Collective.
std::vector<double> splitters(const Communicator& comm, const std::vector<Prediction>& sorted) {
  constexpr std::size_t samples = 64;
  std::vector<double> mine;
  for (std::size_t s = 0; s < samples && !sorted.empty(); ++s)
    mine.push_back(sorted[sorted.size() * s / samples].prediction);
  std::vector<double> all = comm.all_gather_varied(std::span<const double>(mine)).values;
  std::ranges::sort(all);
  std::vector<double> chosen;
  const auto ranks = static_cast<std::size_t>(comm.size());
  for (std::size_t rank = 1; rank < ranks && !all.empty(); ++rank) chosen.push_back(all[all.size() * rank / ranks]);
  return chosen;
}

/// A run of equal predictions.
struct Run {
  Index rows = 0;
  Index successes = 0;
};

std::vector<Run> runs_of(const std::vector<Prediction>& sorted) {
  std::vector<Run> runs;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    if (i == 0 || sorted[i].prediction != sorted[i - 1].prediction) runs.emplace_back();
    ++runs.back().rows;
    runs.back().successes += sorted[i].outcome > 0 ? 1 : 0;
  }
  return runs;
}

/// The variance of a mean of values, from their squared deviations. Collective.
double variance_of_mean(const Communicator& comm, const std::vector<double>& squares, Index count) {
  const double sum = order_free_sum(comm, squares);
  if (count < 2) return std::numeric_limits<double>::quiet_NaN();
  return sum / static_cast<double>(count - 1) / static_cast<double>(count);
}

}  // namespace

SortedPredictions sort_predictions(const Communicator& comm, std::vector<Prediction> predictions) {
  const auto ascends = [](const Prediction& one, const Prediction& other) {
    return one.prediction != other.prediction ? one.prediction < other.prediction : one.outcome < other.outcome;
  };
  std::ranges::sort(predictions, ascends);
  const std::vector<double> begins = splitters(comm, predictions);
  std::vector<Index> counts;
  const std::vector<Prediction> send = sorted_by_owner(
      std::span<const Prediction>(predictions), comm.size(),
      [&](const Prediction& each) {
        return static_cast<int>(std::ranges::upper_bound(begins, each.prediction) - begins.begin());
      },
      counts);
  SortedPredictions sorted;
  sorted.mine = comm.exchange(std::span<const Prediction>(send), counts).values;
  std::ranges::sort(sorted.mine, ascends);
  sorted.before = comm.exclusive_sum(std::ssize(sorted.mine));
  sorted.total = comm.sum(std::ssize(sorted.mine));
  return sorted;
}

RankingQuality ranking_quality(const Communicator& comm, const SortedPredictions& sorted) {
  const std::vector<Run> runs = runs_of(sorted.mine);
  Index mine = 0;
  for (const Run& run : runs) mine += run.successes;
  const Index successes = comm.sum(mine);
  const Index others = sorted.total - successes;
  const Index successes_before = comm.exclusive_sum(mine);
  constexpr double nothing = std::numeric_limits<double>::quiet_NaN();
  if (successes == 0 || others == 0) return {nothing, nothing};

  // 1. Twice the pairs that are in order: whole numbers.
  Index twice = 0;
  Index seen_successes = successes_before;
  Index seen_others = sorted.before - successes_before;
  for (const Run& run : runs) {
    twice += run.successes * (2 * seen_others + run.rows - run.successes);
    seen_others += run.rows - run.successes;
  }
  const auto positives = static_cast<double>(successes);
  const auto negatives = static_cast<double>(others);
  RankingQuality found;
  found.auc = static_cast<double>(comm.sum(twice)) / 2 / positives / negatives;

  // 2. Each one's share of the other kind that it is in order with, about the mean of these.
  std::vector<double> of_successes;
  std::vector<double> of_others;
  seen_others = sorted.before - successes_before;
  for (const Run& run : runs) {
    const Index run_others = run.rows - run.successes;
    const double below = (static_cast<double>(seen_others) + static_cast<double>(run_others) / 2) / negatives;
    const double above = 1 - (static_cast<double>(seen_successes) + static_cast<double>(run.successes) / 2) / positives;
    of_successes.push_back(static_cast<double>(run.successes) * (below - found.auc) * (below - found.auc));
    of_others.push_back(static_cast<double>(run_others) * (above - found.auc) * (above - found.auc));
    seen_successes += run.successes;
    seen_others += run_others;
  }
  found.standard_error =
      std::sqrt(variance_of_mean(comm, of_successes, successes) + variance_of_mean(comm, of_others, others));
  return found;
}

std::vector<PredictionGroup> group_predictions(const Communicator& comm, const SortedPredictions& sorted,
                                               Index groups) {
  double largest_prediction = 0;
  double largest_outcome = 0;
  for (const Prediction& each : sorted.mine) {
    largest_prediction = std::max(largest_prediction, std::abs(each.prediction));
    largest_outcome = std::max(largest_outcome, std::abs(each.outcome));
  }
  const auto prediction_scale = FixedPointScale::for_terms(comm.max(largest_prediction), sorted.total);
  const auto outcome_scale = FixedPointScale::for_terms(comm.max(largest_outcome), sorted.total);
  std::vector<Index> counts(at(4 * groups));  // rows, successes, both sums
  std::vector<double> largest(at(groups));
  Index group = 0;
  for (std::size_t i = 0; i < sorted.mine.size(); ++i) {
    const Prediction& each = sorted.mine[i];
    if (i == 0 || each.prediction != sorted.mine[i - 1].prediction)
      group = (sorted.before + static_cast<Index>(i)) * groups / sorted.total;
    ++counts[at(4 * group)];
    counts[at(4 * group + 1)] += each.outcome > 0 ? 1 : 0;
    counts[at(4 * group + 2)] += prediction_scale.to_fixed(each.prediction);
    counts[at(4 * group + 3)] += outcome_scale.to_fixed(each.outcome);
    largest[at(group)] = std::max(largest[at(group)], std::abs(each.outcome));
  }
  comm.all_reduce_sum(std::span<Index>(counts));
  comm.all_reduce_max(std::span<double>(largest));
  std::vector<PredictionGroup> found;
  for (Index g = 0; g < groups; ++g) {
    if (counts[at(4 * g)] == 0) continue;
    found.push_back({counts[at(4 * g)], counts[at(4 * g + 1)], prediction_scale.from_fixed(counts[at(4 * g + 2)]),
                     outcome_scale.from_fixed(counts[at(4 * g + 3)]), largest[at(g)]});
  }
  return found;
}

}  // namespace rankwise
