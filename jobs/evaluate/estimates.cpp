#include "jobs/evaluate/estimates.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "distributed/comm/order_free_sum.hpp"
#include "distributed/evaluation/list_concentration.hpp"
#include "distributed/evaluation/user_keys.hpp"
#include "distributed/rows/select_rows.hpp"
#include "kernels/base/error.hpp"
#include "kernels/statistics/multiple_tests.hpp"

namespace rankwise {

namespace {

bool takes_part(const EvaluationMetric& metric, const Contender& contender) {
  return metric.ranks() ? contender.lists.has_value() : contender.ratings.has_value();
}

std::size_t place_of(const Contest& contest, const EvaluationMetric& metric) {
  const auto place = std::ranges::find(contest.questions.metrics, metric.name, &EvaluationMetric::name);
  if (place == contest.questions.metrics.end()) throw Error(ExitCode::internal, metric.name + " was not measured");
  return static_cast<std::size_t>(place - contest.questions.metrics.begin());
}

void adjust(std::vector<BaselineFigures>& baselines) {
  std::vector<double> p_values;
  for (const BaselineFigures& baseline : baselines) p_values.push_back(baseline.difference.p);
  const std::vector<double> adjusted = adjusted_p_values(p_values);
  for (std::size_t b = 0; b < baselines.size(); ++b) baselines[b].p_adjusted = adjusted[b];
}

ValueFigures figures_of(const Concentration& found) {
  return {found.value, bootstrap_error(found.replicates), bootstrap_interval(found.value, found.replicates),
          found.users};
}

/// Coverage and Gini's index.
MetricFigures estimate_of_lists(const Communicator& comm, const Contest& contest, const EvaluationMetric& metric,
                                std::span<const Contender> contenders, const UserKeys& keys, std::uint64_t seed) {
  const auto measured = [&](const Contender& contender) {
    return concentration(comm, metric, contender.lists->lists, contest.catalogue.items(), keys.ranked, seed);
  };
  const Concentration model = measured(contenders.front());
  MetricFigures figures{metric, figures_of(model), IntervalKind::poisson_bootstrap, {}};
  for (const Contender& contender : contenders.subspan(1)) {
    if (!takes_part(metric, contender)) continue;
    const Concentration other = measured(contender);
    figures.baselines.push_back({contender.name, figures_of(other), paired_difference(model, other), 1});
  }
  adjust(figures.baselines);
  return figures;
}

}  // namespace

IdRows ids_of_users(const Contest& contest) {
  const RowRange mine = contest.rows.heldout.rows;
  // A fold of users validates rows of the training part, which have ids there.
  const bool are_new = contest.dataset.has(DatasetPart::given) && !contest.fold;
  return are_new ? contest.dataset.heldout_user_ids(mine) : contest.dataset.user_ids(mine);
}

UserKeys user_keys_of(const Contest& contest) {
  const IdRows ids = ids_of_users(contest);
  std::vector<Index> rated;
  for (Index row = 0; row < contest.rows.heldout.rows.size(); ++row) {
    if (!row_columns(contest.rows.heldout, row).empty()) rated.push_back(row);
  }
  return {user_keys(ids.ids, ranked_users(contest.questions.rule.seen, contest.rows)), user_keys(ids.ids, rated)};
}

ValueFigures figures_of(const MetricEstimate& estimate) {
  return {estimate.value, estimate.standard_error,
          student_interval(estimate.value, estimate.standard_error, estimate.users), estimate.users};
}

MetricSample sample_of(const Communicator& comm, const Contest& contest, const EvaluationMetric& metric,
                       const Contender& contender) {
  if (!metric.ranks()) return rating_sample(comm, metric, contender.ratings->errors, contest.rows.heldout.offsets);
  return user_sample(comm, metric, contender.lists->values[place_of(contest, metric)]);
}

MetricFigures estimate_metric(const Communicator& comm, const Contest& contest, const EvaluationMetric& metric,
                              std::span<const Contender> contenders, const UserKeys& keys, std::uint64_t seed) {
  if (metric.source() == MetricSource::all_lists)
    return estimate_of_lists(comm, contest, metric, contenders, keys, seed);
  const MetricSample model = sample_of(comm, contest, metric, contenders.front());
  MetricFigures figures{metric, figures_of(model.estimate), IntervalKind::student, {}};
  for (const Contender& contender : contenders.subspan(1)) {
    if (!takes_part(metric, contender)) continue;
    const MetricSample other = sample_of(comm, contest, metric, contender);
    figures.baselines.push_back({contender.name, figures_of(other.estimate),
                                 paired_difference(comm, model, other, metric.ranks() ? keys.ranked : keys.rated, seed),
                                 1});
  }
  adjust(figures.baselines);
  return figures;
}

std::vector<RecallAtCutoff> recall_by_cutoff(const Communicator& comm, const Contest& contest,
                                             std::span<const EvaluationMetric> curve,
                                             std::span<const Contender> contenders) {
  std::vector<RecallAtCutoff> points;
  for (const EvaluationMetric& metric : curve) {
    RecallAtCutoff point{metric.cutoff, sample_of(comm, contest, metric, contenders.front()).estimate.value, {}};
    const auto yardstick =
        std::ranges::find_if(contenders.subspan(1), [&](const Contender& each) { return takes_part(metric, each); });
    if (yardstick != contenders.end()) point.baseline = sample_of(comm, contest, metric, *yardstick).estimate.value;
    points.push_back(point);
  }
  return points;
}

std::vector<CalibrationBin> calibration(const Communicator& comm, const Contest& contest,
                                        const RatingPredictions& ratings) {
  constexpr int bins = 10;
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  for (const double prediction : ratings.predictions) {
    low = std::min(low, prediction);
    high = std::max(high, prediction);
  }
  low = comm.min(low);
  high = comm.max(high);
  const double width = (high - low) / bins;
  std::vector<std::vector<double>> predictions(bins);
  std::vector<std::vector<double>> values(bins);
  for (std::size_t entry = 0; entry < ratings.predictions.size(); ++entry) {
    const double prediction = ratings.predictions[entry];
    const int bin = width > 0 ? std::clamp(static_cast<int>((prediction - low) / width), 0, bins - 1) : 0;
    predictions[static_cast<std::size_t>(bin)].push_back(prediction);
    values[static_cast<std::size_t>(bin)].push_back(static_cast<double>(contest.rows.heldout.values[entry]));
  }
  std::vector<CalibrationBin> found;
  for (std::size_t bin = 0; bin < bins; ++bin) {
    const Index count = comm.sum(static_cast<Index>(values[bin].size()));
    const double predicted = order_free_sum(comm, predictions[bin]);
    const double value = order_free_sum(comm, values[bin]);
    if (count == 0) continue;
    const auto number = static_cast<double>(bin);
    found.push_back({low + width * number, bin + 1 == bins ? high : low + width * (number + 1), count,
                     predicted / static_cast<double>(count), value / static_cast<double>(count)});
  }
  return found;
}

}  // namespace rankwise
