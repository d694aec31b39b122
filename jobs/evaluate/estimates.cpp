#include "jobs/evaluate/estimates.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "distributed/evaluation/column_sums.hpp"
#include "distributed/evaluation/list_concentration.hpp"
#include "distributed/rows/id_keys.hpp"
#include "distributed/rows/select_rows.hpp"
#include "kernels/base/error.hpp"
#include "kernels/statistics/multiple_tests.hpp"

namespace rankwise {

namespace {

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

/// The first contender, which has values of every metric, and others that take part.
std::vector<const Contender*> those_with(const EvaluationMetric& metric, std::span<const Contender> contenders) {
  std::vector<const Contender*> measured;
  for (const Contender& contender : contenders) {
    if (takes_part(metric, contender)) measured.push_back(&contender);
  }
  return measured;
}

/// Of each of them, of a metric that is a mean over users or of ratings. Collective over comm.
std::vector<MetricSample> samples_of(const Communicator& comm, const Contest& contest, const EvaluationMetric& metric,
                                     std::span<const Contender* const> measured) {
  std::vector<MetricColumn> columns;
  for (const Contender* contender : measured) {
    columns.push_back(metric.ranks() ? MetricColumn{metric, user_values(contest, metric, *contender)}
                                     : MetricColumn{metric, contender->ratings->errors, contest.rows.heldout.offsets});
  }
  return metric_samples(comm, columns);
}

/// Coverage and Gini's index, but for the adjustment of p.
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
    figures.baselines.push_back({contender.name, figures_of(other), paired_difference(model, other)});
  }
  return figures;
}

enum class ComparedBy { lists, ratings };

/// What pairs say, in the order in which they were added, to the metrics that they are of.
template <typename Found, typename Field>
void enter_differences(std::vector<MetricFigures>& metrics, ComparedBy by, const std::vector<Found>& pairs,
                       Field BaselineFigures::*field) {
  auto next = pairs.begin();
  for (MetricFigures& figures : metrics) {
    if (figures.metric.source() == MetricSource::all_lists) continue;
    if (figures.metric.ranks() != (by == ComparedBy::lists)) continue;
    for (BaselineFigures& baseline : figures.baselines) baseline.*field = *next++;
  }
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
  return {id_keys(ids.ids, ranked_users(contest.questions.rule.seen, contest.rows)), id_keys(ids.ids, rated)};
}

ValueFigures figures_of(const MetricEstimate& estimate) {
  return {estimate.value, estimate.standard_error,
          student_interval(estimate.value, estimate.standard_error, estimate.users), estimate.users};
}

bool takes_part(const EvaluationMetric& metric, const Contender& contender) {
  return metric.ranks() ? contender.lists.has_value() : contender.ratings.has_value();
}

std::span<const double> user_values(const Contest& contest, const EvaluationMetric& metric,
                                    const Contender& contender) {
  return contender.lists->values[place_of(contest, metric)];
}

std::vector<MetricFigures> estimate_metrics(const Communicator& comm, const Contest& contest,
                                            std::span<const EvaluationMetric> metrics,
                                            std::span<const Contender> contenders, const UserKeys& keys,
                                            std::uint64_t seed, ExtraTest extra) {
  // 1. Values, and what is to be compared: of lists and of ratings, whose users differ.
  std::vector<MetricFigures> found;
  PairedComparison of_lists;
  PairedComparison of_ratings;
  for (const EvaluationMetric& metric : metrics) {
    if (metric.source() == MetricSource::all_lists) {
      found.push_back(estimate_of_lists(comm, contest, metric, contenders, keys, seed));
      continue;
    }
    const std::vector<const Contender*> measured = those_with(metric, contenders);
    const std::vector<MetricSample> samples = samples_of(comm, contest, metric, measured);
    MetricFigures& figures = found.emplace_back(metric, figures_of(samples.front().estimate), IntervalKind::student);
    for (std::size_t other = 1; other < samples.size(); ++other) {
      (metric.ranks() ? of_lists : of_ratings).add(samples.front(), samples[other]);
      figures.baselines.push_back({measured[other]->name, figures_of(samples[other].estimate), {}});
    }
  }

  // 2. Compare.
  enter_differences(found, ComparedBy::lists, of_lists.differences(comm, keys.ranked, seed),
                    &BaselineFigures::difference);
  enter_differences(found, ComparedBy::ratings, of_ratings.differences(comm, keys.rated, seed),
                    &BaselineFigures::difference);
  if (extra == ExtraTest::wilcoxon) {
    enter_differences(found, ComparedBy::lists, of_lists.signed_ranks(comm), &BaselineFigures::signed_ranks);
    enter_differences(found, ComparedBy::ratings, of_ratings.signed_ranks(comm), &BaselineFigures::signed_ranks);
  }
  for (MetricFigures& figures : found) adjust(figures.baselines);
  return found;
}

std::vector<RecallAtCutoff> recall_by_cutoff(const Communicator& comm, const Contest& contest,
                                             std::span<const EvaluationMetric> curve,
                                             std::span<const Contender> contenders) {
  if (curve.empty()) return {};
  const std::vector<const Contender*> measured = those_with(curve.front(), contenders);
  const std::span<const Contender* const> shown = std::span(measured).first(std::min<std::size_t>(measured.size(), 2));
  std::vector<std::span<const double>> columns;
  for (const EvaluationMetric& metric : curve) {
    for (const Contender* contender : shown) columns.push_back(user_values(contest, metric, *contender));
  }
  const std::vector<ColumnSum> sums = order_free_sums(comm, columns);
  const auto mean = [&](std::size_t column) { return sums[column].sum / static_cast<double>(sums[column].terms); };
  std::vector<RecallAtCutoff> points;
  for (std::size_t m = 0; m < curve.size(); ++m) {
    RecallAtCutoff& point = points.emplace_back(curve[m].cutoff, mean(m * shown.size()));
    if (shown.size() > 1) point.baseline = mean(m * shown.size() + 1);
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
  std::vector<std::span<const double>> columns(predictions.begin(), predictions.end());
  columns.insert(columns.end(), values.begin(), values.end());
  const std::vector<ColumnSum> sums = order_free_sums(comm, columns);
  std::vector<CalibrationBin> found;
  for (std::size_t bin = 0; bin < bins; ++bin) {
    const Index count = sums[bin].terms;
    if (count == 0) continue;
    const auto number = static_cast<double>(bin);
    found.push_back({low + width * number, bin + 1 == bins ? high : low + width * (number + 1), count,
                     sums[bin].sum / static_cast<double>(count), sums[bins + bin].sum / static_cast<double>(count)});
  }
  return found;
}

}  // namespace rankwise
