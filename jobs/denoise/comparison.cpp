#include "jobs/denoise/comparison.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <iterator>

#include "distributed/evaluation/heldout_rows.hpp"
#include "io/model/model.hpp"
#include "jobs/evaluate/contenders.hpp"
#include "jobs/evaluate/estimates.hpp"
#include "jobs/evaluate/evaluation_report.hpp"
#include "jobs/evaluate/models/heldout_users.hpp"
#include "jobs/evaluate/models/matched_model.hpp"
#include "jobs/run/dataset_shelf.hpp"

namespace rankwise {

namespace {

/// A dataset as it is compared, and the model of its training part.
struct ComparedModel {
  std::shared_ptr<const DatasetReader> view;
  HeldoutRows rows;
  Catalogue catalogue;
  MatchedModel model;
};

/// Collective.
ComparedModel read_model(const JobContext& context, const ComparedPart& part, const std::string& data,
                         const std::string& path, bool asks_ratings) {
  const Communicator& comm = context.comm;
  ComparedModel read{.view = open_dataset(context, data, part.fold), .rows = {}, .catalogue = {}, .model = {}};
  read.rows = read_heldout_rows(comm, *read.view, heldout_partition(comm, *read.view));
  read.catalogue = read_catalogue(comm, *read.view, asks_ratings);
  const ModelReader reader(comm, path, context.common.input_check);
  read.model = match_model(comm, *read.view, data, read.rows, reader, path);
  read.model.catalogue.mean_rating = read.catalogue.mean_rating;
  return read;
}

bool asks_ratings(const std::vector<EvaluationMetric>& metrics) {
  return std::ranges::any_of(metrics, [](const auto& metric) { return !metric.ranks(); });
}

/// Items that the user has in the dataset as it is are in no list of either model.
ListRule list_rule(const Catalogue& whole) {
  return {whole, SeenItems::exclude};
}

}  // namespace

ComparedPart compared_part(JobContext& context, const DenoiseOptions& options, const DatasetReader& dataset) {
  if (dataset.has(DatasetPart::validation) && dataset.entries(DatasetPart::validation) > 0) {
    context.report.line("the comparison reads the validation part");
    return {parse_fold("prepared")};
  }
  if (!dataset.has(DatasetPart::heldout) || dataset.entries(DatasetPart::heldout) == 0) {
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("{}: holds nothing out that could show whether cleaning helps; expected a dataset of "
                                  "prepare --split, better with --validation",
                                  options.data));
  }
  context.report.warning(
      "the comparison reads the held-out part, so that whether to clean is chosen by what evaluate reports, whose "
      "values "
      "are then somewhat too good; prepare --validation makes a part to choose by");
  return {};
}

void require_comparable(JobContext& context, const DenoiseOptions& options, const ComparedPart& part) {
  const Communicator& comm = context.comm;
  const std::vector<EvaluationMetric> metrics = compared_metrics(options);
  const auto view = open_dataset(context, options.data, part.fold);
  const HeldoutRows rows = read_heldout_rows(comm, *view, heldout_partition(comm, *view));
  require_amounts(comm, rows, metrics);
  if (std::ranges::none_of(metrics, &EvaluationMetric::ranks)) return;
  const Catalogue catalogue = read_catalogue(comm, *view, asks_ratings(metrics));
  const RankingCounts counts = count_rankings(comm, list_rule(catalogue), rows);
  tell_rankings(context.report, counts);
  if (counts.users > 0) return;
  throw AgreedError(ExitCode::bad_data, fmt::format("{}: training has every pair that is to be found, too; expected "
                                                    "some new ones, which prepare --repeats drop leaves",
                                                    options.data));
}

CleaningComparison compare_models(JobContext& context, const DenoiseOptions& options, const ComparedPart& part,
                                  const ComparedDatasets& datasets, Trainings& trainings) {
  // 1. Both models.
  const Communicator& comm = context.comm;
  const std::string whole_path = trainings.model_of(options.data, "whole", datasets.whole_digest);
  const std::string cleaned_path = trainings.model_of(options.output, "cleaned", datasets.cleaned_digest);
  const std::vector<EvaluationMetric> metrics = compared_metrics(options);
  const bool rates = asks_ratings(metrics);
  const ComparedModel whole = read_model(context, part, options.data, whole_path, rates);
  const ComparedModel cleaned = read_model(context, part, options.output, cleaned_path, rates);

  // 2. What both are asked: the same held-out interactions, and the same items in no list.
  Contest contest{*whole.view, part.fold, whole.rows, whole.catalogue, {list_rule(whole.catalogue), {}, {}}, rates};
  std::ranges::copy_if(metrics, std::back_inserter(contest.questions.metrics), &EvaluationMetric::ranks);

  // 3. Their answers, user by user.
  const std::array contenders{measure_model(context, contest, "cleaned", cleaned_path, cleaned.model),
                              measure_model(context, contest, "as it is", whole_path, whole.model)};
  const auto timer = context.report.phase("estimate");
  CleaningComparison comparison;
  comparison.metrics =
      estimate_metrics(comm, contest, metrics, contenders, user_keys_of(contest), context.common.seed, ExtraTest::none);
  comparison.verdict = verdict_of(comparison.metrics.front());
  return comparison;
}

CleaningVerdict verdict_of(const MetricFigures& figures) {
  const Interval& interval = figures.baselines.front().difference.interval;
  const bool is_up = interval.low > 0;  // false of NaN
  const bool is_down = interval.high < 0;
  if (!is_up && !is_down) return CleaningVerdict::no_difference;
  return is_up == figures.metric.higher_is_better() ? CleaningVerdict::helps : CleaningVerdict::hurts;
}

const char* verdict_words(CleaningVerdict verdict) {
  constexpr std::array words{"cleaning helps", "cleaning hurts", "no difference seen"};
  return words[static_cast<std::size_t>(verdict)];
}

std::string verdict_text(const CleaningComparison& comparison) {
  const MetricFigures& figures = comparison.metrics.front();
  const BaselineFigures& whole = figures.baselines.front();
  const PairedDifference& difference = whole.difference;
  return fmt::format(
      "{}: {} {:.6f} with the cleaned dataset, {:.6f} as it is; difference {:+.6f}, 95% interval {:+.6f} "
      "to {:+.6f}",
      verdict_words(comparison.verdict), figures.metric.name, figures.model.value, whole.figures.value, difference.mean,
      difference.interval.low, difference.interval.high);
}

void tell_comparison(Report& report, const CleaningComparison& comparison) {
  for (const MetricFigures& figures : comparison.metrics) {
    const BaselineFigures& whole = figures.baselines.front();
    report.event("compared", {{"metric", figures.metric.name},
                              {"cleaned", figures.model.value},
                              {"as_it_is", whole.figures.value},
                              {"difference", whole.difference.mean},
                              {"low", whole.difference.interval.low},
                              {"high", whole.difference.interval.high},
                              {"users", whole.difference.users}});
  }
  report.event("verdict", {{"verdict", std::string(verdict_words(comparison.verdict))}});
  if (comparison.verdict == CleaningVerdict::hurts) {
    report.warning(verdict_text(comparison) +
                   "; go on with the dataset as it is, or find less by a larger --threshold");
  } else {
    report.line(verdict_text(comparison));
  }
}

}  // namespace rankwise
