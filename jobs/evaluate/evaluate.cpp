// Sample runs:
//   rankwise evaluate --data shop.h5 --model model.h5
//   mpirun -n 8 rankwise evaluate --data shop.h5 --model model.h5 --metrics recall@20,ndcg@100 --output metrics.json

#include "jobs/evaluate/evaluate.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <fmt/format.h>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "distributed/als/fold_in.hpp"
#include "distributed/evaluation/baselines.hpp"
#include "distributed/evaluation/factor_evaluation.hpp"
#include "distributed/log/fold.hpp"
#include "distributed/rows/select_rows.hpp"
#include "io/dataset/dataset.hpp"
#include "io/files/commit.hpp"
#include "io/model/model.hpp"
#include "jobs/evaluate/evaluation_report.hpp"
#include "jobs/evaluate/heldout_users.hpp"
#include "jobs/evaluate/metrics.hpp"
#include "jobs/options/choices.hpp"
#include "jobs/options/file_option.hpp"
#include "jobs/run/compared_input.hpp"
#include "jobs/run/dataset_shelf.hpp"
#include "jobs/run/standard_output.hpp"

namespace rankwise {

namespace {

Index rows_with_entries(const SparseRows& rows) {
  Index count = 0;
  for (Index r = 0; r < rows.rows.size(); ++r) count += row_columns(rows, r).empty() ? 0 : 1;
  return count;
}

/// What is evaluated, distributed.
struct EvaluatedModel {
  const Objective& objective;
  HeldoutRows rows;
  Matrix users;  ///< this rank's, of the model or folded in
  FactorMatrix items;
  Catalogue catalogue;
};

/// What is wrong with the model's numbers is said with its name.
template <class Step>
auto naming(const std::string& model, Step&& step) {
  try {
    return step();
  } catch (const AgreedError& error) {
    throw AgreedError(error.code(), fmt::format("{}: {}", model, error.what()));
  }
}

EvaluatedModel read_evaluated(const Communicator& comm, const DatasetReader& dataset, const ModelReader& model,
                              const std::string& model_path) {
  const Partition user_rows = Partition::by_count(dataset.rows(DatasetPart::heldout), comm.size());
  const Partition item_rows = Partition::by_count(model.items(), comm.size());
  HeldoutRows rows = read_heldout_rows(comm, dataset, user_rows);
  const RowRange my_items = item_rows.range(comm.rank());
  FactorMatrix items{item_rows, model.item_factors(my_items)};
  const std::vector<Index> entries = dataset.row_sizes(DatasetPart::interactions_by_item, my_items);
  Catalogue catalogue = make_catalogue(comm, dataset.users(), entries);
  if (!dataset.has(DatasetPart::given)) {
    return {model.objective(), std::move(rows), model.user_factors(user_rows.range(comm.rank())), std::move(items),
            std::move(catalogue)};
  }
  AlsFactors fixed = with_gramian(comm, model.objective(), std::move(items));
  Matrix users = naming(model_path,
                        [&] { return fold_in(comm, model.objective(), user_rows, rows.seen, fixed, "held-out user"); });
  return {model.objective(), std::move(rows), std::move(users), std::move(fixed.factors), std::move(catalogue)};
}

/// This rank's training rows. Collective.
SparseRows read_training(const Communicator& comm, const DatasetReader& dataset) {
  return dataset.read(DatasetPart::interactions, Partition::by_count(dataset.users(), comm.size()).range(comm.rank()));
}

std::vector<Comparison> compare(const std::vector<MetricEstimate>& model, const std::vector<double>& baseline) {
  std::vector<Comparison> comparisons;
  for (std::size_t m = 0; m < model.size(); ++m) comparisons.push_back({model[m], baseline[m]});
  return comparisons;
}

std::vector<Comparison> compare_rankings(JobContext& context, const std::vector<EvaluationMetric>& metrics,
                                         const ListRule& rule, const EvaluatedModel& evaluated) {
  const auto timer = context.report.phase("rank");
  const Communicator& comm = context.comm;
  const std::vector<MetricEstimate> of_model = evaluate_factors(
      comm, evaluated.objective, rule, metrics, evaluated.rows, evaluated.users.view(), evaluated.items);
  const Index users = rows_with_entries(evaluated.rows.heldout);
  const Index items = rule.catalogue.items();
  context.report.add_flops("rank", 2.0 * static_cast<double>(users * items * evaluated.users.columns()));
  return compare(of_model, popularity_baseline(comm, rule, metrics, evaluated.rows, evaluated.items.partition));
}

std::vector<Comparison> compare_ratings(JobContext& context, const std::vector<EvaluationMetric>& metrics,
                                        const DatasetReader& dataset, EvaluatedModel& evaluated) {
  const auto timer = context.report.phase("predict");
  const Communicator& comm = context.comm;
  if (!evaluated.objective.biases) {
    const SparseRows training = read_training(comm, dataset);
    const std::span<const float> values = training.values;
    evaluated.catalogue.mean_rating = mean_rating(comm, {&values, 1});
  }
  const std::vector<MetricEstimate> of_model =
      evaluate_factors(comm, evaluated.objective, {evaluated.catalogue}, metrics, evaluated.rows,
                       evaluated.users.view(), evaluated.items);
  const std::vector<double> errors =
      bias_baseline_errors(fit_bias_baseline(comm, read_training(comm, dataset)), evaluated.rows);
  std::vector<double> baseline;
  for (const EvaluationMetric& metric : metrics) baseline.push_back(estimate_metric(comm, metric, errors).value);
  return compare(of_model, baseline);
}

std::vector<EvaluationMetric> chosen_metrics(const EvaluateOptions& options, const ModelReader& model) {
  const bool predicts_ratings = model.objective().loss == LossKind::explicit_feedback;
  if (options.metrics == "auto")
    return parse_metrics(predicts_ratings ? "rmse,mae" : "recall@20,recall@50,ndcg@100,map@10,hr@10");
  std::vector<EvaluationMetric> metrics = parse_metrics(options.metrics);
  for (const EvaluationMetric& metric : metrics) {
    if (!metric.ranks() && !predicts_ratings) {
      throw Error(ExitCode::usage, fmt::format("--metrics {}: expected a model of explicit ratings; {} is implicit",
                                               metric.name, options.model));
    }
  }
  return metrics;
}

/// A model that has learned what is held out, itself or by its warm start, cannot be measured by it.
void require_unseen_heldout(const EvaluateOptions& options, const ModelReader& model) {
  const std::vector<std::uint64_t>& of_ancestors = model.lineage_trained_on_all();
  if (std::ranges::find(of_ancestors, model.provenance().dataset_digest) != of_ancestors.end()) {
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("{} began with a model that was trained on all of its dataset (--warm-start), so "
                                  "that the held-out part cannot measure it; expected a model of als --train-on "
                                  "training without such an ancestor",
                                  options.model));
  }
  if (model.trained_on() != TrainedOn::all) return;
  throw AgreedError(ExitCode::bad_data,
                    fmt::format("{} was trained on all of its dataset, so that the held-out part cannot "
                                "measure it; expected a model of als --train-on training",
                                options.model));
}

/// An ancestor that has all of an older dataset may have learned part of what this one holds out.
void warn_of_ancestors(Report& report, const EvaluateOptions& options, const ModelReader& model) {
  const auto datasets = static_cast<Index>(model.lineage_trained_on_all().size());
  if (datasets == 0) return;
  report.warning(
      fmt::format("an ancestor of {} (--warm-start) was trained on all of another dataset: the held-out "
                  "part may partly be in that dataset, and the metrics are then too good",
                  options.model));
  report.event("ancestor_trained_on_all", {{"datasets", datasets}});
}

/// Values on rows that the model was chosen by are too good.
void warn_of_choice(Report& report, const EvaluateOptions& options) {
  report.warning(
      fmt::format("the epoch of {} was chosen by this held-out part (--validation-metric), so that the metrics are "
                  "somewhat too good; prepare --validation makes a part to choose by",
                  options.model));
  report.event("chosen_by_heldout", {{"model", options.model}});
}

/// Compares predictions, then rankings, with their baselines.
Evaluation measure(const EvaluateOptions& options, JobContext& context, const std::vector<EvaluationMetric>& metrics,
                   const DatasetReader& dataset, EvaluatedModel& evaluated) {
  const Communicator& comm = context.comm;
  Evaluation found;
  found.users = comm.sum(rows_with_entries(evaluated.rows.heldout));
  found.interactions = comm.sum(evaluated.rows.heldout.entries());
  std::vector<EvaluationMetric> rankings;
  std::vector<EvaluationMetric> ratings;
  std::ranges::partition_copy(metrics, std::back_inserter(rankings), std::back_inserter(ratings),
                              &EvaluationMetric::ranks);
  if (!ratings.empty()) {
    found.comparisons = compare_ratings(context, ratings, dataset, evaluated);
    found.ratings = count_ratings(comm, evaluated.catalogue, evaluated.rows);
  }
  if (rankings.empty()) return found;
  const ListRule rule{evaluated.catalogue, options.seen};
  found.rankings = count_rankings(comm, rule, evaluated.rows);
  if (found.rankings->users == 0) {
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("{}: --seen {} keeps all {} held-out pairs out of the lists; expected some that "
                                  "lists can have",
                                  options.data, seen_word(options.seen), found.interactions));
  }
  const std::vector<Comparison> more =
      naming(options.model, [&] { return compare_rankings(context, rankings, rule, evaluated); });
  found.comparisons.insert(found.comparisons.end(), more.begin(), more.end());
  return found;
}

}  // namespace

void evaluate_model(const EvaluateOptions& options, JobContext& context) {
  const Communicator& comm = context.comm;
  Report& report = context.report;
  if (!options.output.empty()) check_output(comm, options.output);

  // 1. Read the model and what was held out; users who are new to it are folded in.
  auto reading = std::make_unique<Report::PhaseTimer>(report, "read");
  const ModelReader model(comm, options.model, context.common.input_check);
  warn_if_not_compared(context, model, options.model);
  const std::vector<EvaluationMetric> metrics = agree_on(comm, [&] { return chosen_metrics(options, model); });
  require_unseen_heldout(options, model);
  const auto opened = open_dataset(context, options.data, model.trained_fold(), model.trained_on());
  const DatasetReader& dataset = *opened;
  require_same_dataset(dataset, options.data, model, options.model);
  if (!dataset.has(DatasetPart::heldout) || dataset.entries(DatasetPart::heldout) == 0) {
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("{}: nothing is held out, so there is nothing to measure; run prepare with --split, "
                                  "or with a larger one",
                                  options.data));
  }
  EvaluatedModel evaluated = read_evaluated(comm, dataset, model, options.model);
  reading.reset();

  // 2. Measure.
  const Evaluation found = measure(options, context, metrics, dataset, evaluated);

  // 3. Tell.
  tell_evaluation(report, found, evaluated.objective);
  if (comm.is_root()) print_result(evaluation_table(found.comparisons));
  warn_of_worse(report, found.comparisons);
  warn_of_ancestors(report, options, model);
  const bool is_chosen = is_chosen_by_heldout(dataset, model);
  if (is_chosen) warn_of_choice(report, options);
  if (!options.output.empty()) {
    OrderedTextFile file(comm, options.output);
    file.append(comm.is_root() ? evaluation_json(found, {options.seen, is_chosen}, model) : "");
    file.commit();
  }
}

namespace {

RunJob describe_evaluate(boost::program_options::options_description& description) {
  namespace po = boost::program_options;
  const auto options = std::make_shared<EvaluateOptions>();
  // clang-format off
  description.add_options()
    ("data", read_file(&options->data)->required(), "dataset with a held-out part")
    ("model", read_file(&options->model)->required(), "model trained on that dataset")
    ("metrics", po::value(&options->metrics)->value_name("LIST")->default_value("auto")->notifier(
       [](const std::string& list) { if (list != "auto") (void)parse_metrics(list); }),
     "recall@K, ndcg@K, map@K, hr@K, rmse, mae, separated by commas; auto: rmse,mae for explicit models, "
     "recall@20,recall@50,ndcg@100,map@10,hr@10 for implicit ones")
    ("seen", po::value<std::string>()->value_name("exclude|allow|only")->default_value("exclude")->notifier(
       one_of<SeenItems>("seen", options->seen, {{"exclude", SeenItems::exclude}, {"allow", SeenItems::allow}, {"only", SeenItems::only}})),
     "lists leave out the user's training items, may have them, or have no others; held-out items that lists cannot have then are left out")
    ("output", written_file(&options->output, json_endings), "write the metrics as JSON");
  // clang-format on
  return [options](JobContext& context) { evaluate_model(*options, context); };
}

}  // namespace

Job evaluate_job() {
  return {"evaluate", "measure a model on the held-out part: model + dataset -> metrics", metric_formulas,
          describe_evaluate};
}

}  // namespace rankwise
