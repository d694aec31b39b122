// Sample runs:
//   rankwise evaluate --data shop.h5 --model model.h5
//   mpirun -n 8 rankwise evaluate --data shop.h5 --model model.h5 --metrics recall@20,ndcg@100 --output metrics.json

#include "jobs/evaluate.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "distributed/als.hpp"
#include "io/commit.hpp"
#include "io/dataset.hpp"
#include "io/fold.hpp"
#include "io/model.hpp"
#include "jobs/bias_baseline.hpp"
#include "jobs/counted.hpp"
#include "jobs/dataset_shelf.hpp"
#include "jobs/factor_evaluation.hpp"
#include "jobs/heldout_users.hpp"
#include "jobs/metrics.hpp"
#include "jobs/pick_rows.hpp"

namespace rankwise {

namespace {

Index rows_with_entries(const SparseRows& rows) {
  Index count = 0;
  for (Index r = 0; r < rows.rows.size(); ++r) count += row_columns(rows, r).empty() ? 0 : 1;
  return count;
}

/// A metric's value for the model and for the baseline.
struct Comparison {
  MetricEstimate model;
  double baseline = 0;

  [[nodiscard]] const EvaluationMetric& metric() const { return model.metric; }
};

/// What is evaluated, distributed.
struct EvaluatedModel {
  const Objective& objective;
  HeldoutRows rows;
  Matrix users;  ///< this rank's, of the model or folded in
  FactorMatrix items;
};

EvaluatedModel read_evaluated(const Communicator& comm, const DatasetReader& dataset, const ModelReader& model) {
  const Partition user_rows = Partition::by_count(dataset.rows(DatasetPart::heldout), comm.size());
  const Partition item_rows = Partition::by_count(model.items(), comm.size());
  HeldoutRows rows = read_heldout_rows(comm, dataset, user_rows);
  FactorMatrix items{item_rows, model.item_factors(item_rows.range(comm.rank()))};
  if (!dataset.has(DatasetPart::given)) {
    return {model.objective(), std::move(rows), model.user_factors(user_rows.range(comm.rank())), std::move(items)};
  }
  AlsFactors fixed = with_gramian(comm, model.objective(), std::move(items));
  Matrix users = fold_in(comm, model.objective(), user_rows, rows.seen, fixed, "held-out user");
  return {model.objective(), std::move(rows), std::move(users), std::move(fixed.factors)};
}

std::vector<Comparison> compare(const std::vector<MetricEstimate>& model, const std::vector<double>& baseline) {
  std::vector<Comparison> comparisons;
  for (std::size_t m = 0; m < model.size(); ++m) comparisons.push_back({model[m], baseline[m]});
  return comparisons;
}

/// Items by training popularity: a model of one factor, the item's training interactions.
std::vector<double> popularity_baseline(const Communicator& comm, const std::vector<EvaluationMetric>& metrics,
                                        const DatasetReader& dataset, const EvaluatedModel& evaluated) {
  const Partition& item_rows = evaluated.items.partition;
  const std::vector<Index> counts = dataset.row_sizes(DatasetPart::interactions_by_item, item_rows.range(comm.rank()));
  FactorMatrix popularity{item_rows, Matrix(static_cast<Index>(counts.size()), 1)};
  for (std::size_t i = 0; i < counts.size(); ++i) {
    popularity.local.row(static_cast<Index>(i))[0] = static_cast<float>(counts[i]);
  }
  Matrix users(evaluated.users.rows(), 1);
  for (Index r = 0; r < users.rows(); ++r) users.row(r)[0] = 1.0F;
  std::vector<double> values;
  for (const MetricEstimate& estimate :
       evaluate_factors(comm, Objective(), metrics, evaluated.rows, users.view(), popularity)) {
    values.push_back(estimate.value);
  }
  return values;
}

std::vector<Comparison> compare_rankings(JobContext& context, const std::vector<EvaluationMetric>& metrics,
                                         const DatasetReader& dataset, const EvaluatedModel& evaluated) {
  const auto timer = context.report.phase("rank");
  const Communicator& comm = context.comm;
  const std::vector<MetricEstimate> of_model =
      evaluate_factors(comm, evaluated.objective, metrics, evaluated.rows, evaluated.users.view(), evaluated.items);
  const Index users = rows_with_entries(evaluated.rows.heldout);
  context.report.add_flops("rank", 2.0 * static_cast<double>(users * dataset.items() * evaluated.users.columns()));
  return compare(of_model, popularity_baseline(comm, metrics, dataset, evaluated));
}

/// Errors of a model of biases alone, entry by entry of this rank's held-out ratings.
std::vector<double> bias_baseline_errors(const Communicator& comm, const DatasetReader& dataset,
                                         const HeldoutRows& rows) {
  const Partition training_rows = Partition::by_count(dataset.users(), comm.size());
  const BiasBaseline baseline =
      fit_bias_baseline(comm, dataset.read(DatasetPart::interactions, training_rows.range(comm.rank())));
  const SparseRows& heldout = rows.heldout;
  std::vector<double> errors;
  for (Index r = 0; r < heldout.rows.size(); ++r) {
    const double user_bias = baseline.user_bias(rows.seen, r);
    const auto end = static_cast<std::size_t>(heldout.offsets[static_cast<std::size_t>(r) + 1]);
    for (std::size_t place = errors.size(); place < end; ++place) {
      const double item_bias = baseline.item_biases[static_cast<std::size_t>(heldout.columns[place])];
      errors.push_back(static_cast<double>(heldout.values[place]) - baseline.mean - user_bias - item_bias);
    }
  }
  return errors;
}

std::vector<Comparison> compare_ratings(JobContext& context, const std::vector<EvaluationMetric>& metrics,
                                        const DatasetReader& dataset, const EvaluatedModel& evaluated) {
  const auto timer = context.report.phase("predict");
  const Communicator& comm = context.comm;
  const std::vector<MetricEstimate> of_model =
      evaluate_factors(comm, evaluated.objective, metrics, evaluated.rows, evaluated.users.view(), evaluated.items);
  const std::vector<double> errors = bias_baseline_errors(comm, dataset, evaluated.rows);
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

/// Rankings beat their baseline from above, errors from below: the factor is above 1 where the model is better.
double advantage(const Comparison& comparison) {
  return comparison.metric().ranks() ? comparison.model.value / comparison.baseline
                                     : comparison.baseline / comparison.model.value;
}

void print_table(const std::vector<Comparison>& comparisons) {
  fmt::print("{:<12} {:>10} {:>10} {:>8}\n", "metric", "model", "baseline", "factor");
  for (const Comparison& c : comparisons) {
    fmt::print("{:<12} {:>10.6f} {:>10.6f} {:>8.3f}\n", c.metric().name, c.model.value, c.baseline, advantage(c));
  }
}

std::string json_text(const std::vector<Comparison>& comparisons, Index users, Index interactions,
                      const ModelReader& model) {
  nlohmann::ordered_json json;
  json["users"] = users;
  json["heldout_interactions"] = interactions;
  json["model_configuration"] = model.provenance().configuration;
  json["baseline"] = {{"rankings", "training popularity"}, {"ratings", "damped mean + user bias + item bias"}};
  for (const Comparison& c : comparisons) {
    json["metrics"][c.metric().name] = {{"model", c.model.value},
                                        {"standard_error", c.model.standard_error},
                                        {"baseline", c.baseline},
                                        {"factor", advantage(c)}};
  }
  return json.dump(2) + "\n";
}

}  // namespace

void evaluate_model(const EvaluateOptions& options, JobContext& context) {
  const Communicator& comm = context.comm;
  Report& report = context.report;
  if (!options.output.empty()) check_output(comm, options.output);

  // 1. Read the model and what was held out; users who are new to it are folded in.
  auto reading = std::make_unique<Report::PhaseTimer>(report, "read");
  const ModelReader model(comm, options.model);
  const auto opened = open_dataset(context, options.data, trained_fold(model.provenance()));
  const DatasetReader& dataset = *opened;
  require_same_dataset(dataset, options.data, model, options.model);
  const std::vector<EvaluationMetric> metrics = agree_on(comm, [&] { return chosen_metrics(options, model); });
  if (!dataset.has(DatasetPart::heldout) || dataset.entries(DatasetPart::heldout) == 0) {
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("{}: nothing is held out, so there is nothing to measure; run prepare with --split, "
                                  "or with a larger one",
                                  options.data));
  }
  const EvaluatedModel evaluated = read_evaluated(comm, dataset, model);
  reading.reset();
  const Index evaluated_users = comm.sum(rows_with_entries(evaluated.rows.heldout));
  const Index interactions = comm.sum(evaluated.rows.heldout.entries());

  // 2. Compare predictions, then rankings, with their baselines.
  std::vector<EvaluationMetric> rankings;
  std::vector<EvaluationMetric> ratings;
  std::ranges::partition_copy(metrics, std::back_inserter(rankings), std::back_inserter(ratings),
                              &EvaluationMetric::ranks);
  std::vector<Comparison> comparisons;
  if (!ratings.empty()) comparisons = compare_ratings(context, ratings, dataset, evaluated);
  if (!rankings.empty()) {
    const std::vector<Comparison> more = compare_rankings(context, rankings, dataset, evaluated);
    comparisons.insert(comparisons.end(), more.begin(), more.end());
  }

  // 3. Tell.
  report.line(fmt::format("{} of {}", counted(interactions, "held-out interaction"), counted(evaluated_users, "user")));
  for (const Comparison& c : comparisons) {
    report.event(
        "metric",
        {{"metric", c.metric().name}, {"model", c.model.value}, {"baseline", c.baseline}, {"factor", advantage(c)}});
  }
  if (comm.is_root()) print_table(comparisons);
  if (!options.output.empty()) {
    OrderedTextFile file(comm, options.output);
    file.append(comm.is_root() ? json_text(comparisons, evaluated_users, interactions, model) : "");
    file.commit();
  }
}

namespace {

RunJob describe_evaluate(boost::program_options::options_description& description) {
  namespace po = boost::program_options;
  const auto options = std::make_shared<EvaluateOptions>();
  // clang-format off
  description.add_options()
    ("data", po::value(&options->data)->value_name("FILE")->required(), "dataset with a held-out part")
    ("model", po::value(&options->model)->value_name("FILE")->required(), "model trained on that dataset")
    ("metrics", po::value(&options->metrics)->value_name("LIST")->default_value("auto")->notifier(
       [](const std::string& list) { if (list != "auto") (void)parse_metrics(list); }),
     "recall@K, ndcg@K, map@K, hr@K, rmse, mae, parted by commas; auto: rmse,mae for explicit models, "
     "recall@20,recall@50,ndcg@100,map@10,hr@10 for implicit ones")
    ("output", po::value(&options->output)->value_name("FILE"), "write the metrics as JSON");
  // clang-format on
  return [options](JobContext& context) { evaluate_model(*options, context); };
}

}  // namespace

Job evaluate_job() {
  return {"evaluate", "measure a model on the held-out part: model + dataset -> metrics", metric_formulas,
          describe_evaluate};
}

}  // namespace rankwise
