// Sample runs:
//   rankwise evaluate --data shop.h5 --model model.h5
//   mpirun -n 8 rankwise evaluate --data shop.h5 --model model.h5 --metrics recall@20,ndcg@100 --output metrics.json

#include "jobs/evaluate.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <cmath>
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "distributed/als_side.hpp"
#include "distributed/order_free_sum.hpp"
#include "io/commit.hpp"
#include "io/dataset.hpp"
#include "io/model.hpp"
#include "jobs/bias_baseline.hpp"
#include "jobs/heldout_users.hpp"
#include "jobs/metrics.hpp"
#include "jobs/pick_rows.hpp"
#include "jobs/ranking.hpp"

namespace rankwise {

namespace {

/// A metric's value for the model and for the baseline.
struct Comparison {
  Metric metric;
  double model = 0;
  double baseline = 0;
};

std::vector<Index> rows_with_entries(const SparseRows& rows) {
  std::vector<Index> found;
  for (Index r = 0; r < rows.rows.size(); ++r) {
    if (!row_columns(rows, r).empty()) found.push_back(r);
  }
  return found;
}

/// Means over users, one per metric, of what `top` ranked; each row of `heldout` has entries.
std::vector<double> ranking_means(const Communicator& comm, const std::vector<Metric>& metrics, const TopItems& top,
                                  const SparseRows& heldout) {
  const Index users = heldout.rows.size();
  std::vector<std::vector<double>> values(metrics.size());
  for (Index user = 0; user < users; ++user) {
    const std::vector<ScoredItem> ranked = top.sorted(user);
    for (std::size_t m = 0; m < metrics.size(); ++m) {
      values[m].push_back(ranking_value(metrics[m], ranked, row_columns(heldout, user)));
    }
  }
  const auto all_users = static_cast<double>(comm.sum(users));
  std::vector<double> means;
  for (const auto& terms : values) means.push_back(order_free_sum(comm, terms) / all_users);
  return means;
}

/// Items by training popularity: a model of one factor, the item's training interactions.
TopItems rank_by_popularity(const DatasetReader& dataset, const SparseRows& seen, Index count) {
  Matrix users(seen.rows.size(), 1);
  for (Index r = 0; r < users.rows(); ++r) users.row(r)[0] = 1.0F;
  const auto popularity = [&](RowRange items) {
    const std::vector<Index> counts = dataset.row_sizes(DatasetPart::interactions_by_item, items);
    Matrix column(items.size(), 1);
    for (Index i = 0; i < items.size(); ++i) column.row(i)[0] = static_cast<float>(counts[static_cast<std::size_t>(i)]);
    return column;
  };
  return rank_items(dataset.items(), popularity, users.view(), seen, count);
}

std::vector<Comparison> compare_rankings(JobContext& context, const std::vector<Metric>& metrics,
                                         const DatasetReader& dataset, const ModelReader& model,
                                         const HeldoutUserRows& all_users) {
  const auto timer = context.report.phase("rank");
  const Communicator& comm = context.comm;
  const Index longest = std::ranges::max_element(metrics, {}, &Metric::cutoff)->cutoff;
  const std::vector<Index> evaluated = rows_with_entries(all_users.heldout);
  const SparseRows heldout = pick(all_users.heldout, evaluated);
  const SparseRows seen = pick(all_users.seen, evaluated);
  Matrix users = pick(all_users.factors, evaluated);
  make_scoring_vectors(model.objective(), users);
  const TopItems by_model = rank_items(
      dataset.items(), [&](RowRange items) { return model.item_factors(items); }, users.view(), seen, longest);
  context.report.add_flops("rank", 2.0 * static_cast<double>(users.rows() * dataset.items() * users.columns()));
  const std::vector<double> model_means = ranking_means(comm, metrics, by_model, heldout);
  const std::vector<double> baseline_means =
      ranking_means(comm, metrics, rank_by_popularity(dataset, seen, longest), heldout);
  std::vector<Comparison> comparisons;
  for (std::size_t m = 0; m < metrics.size(); ++m)
    comparisons.push_back({metrics[m], model_means[m], baseline_means[m]});
  return comparisons;
}

/// Errors of the model's and of the baseline's predictions, entry by entry of this rank's held-out ratings.
struct RatingErrors {
  std::vector<double> model;
  std::vector<double> baseline;
};

RatingErrors rating_errors(const Communicator& comm, const DatasetReader& dataset, const ModelReader& model,
                           const HeldoutUserRows& users) {
  const Objective& objective = model.objective();
  const SparseRows& heldout = users.heldout;
  // Only the items of this rank's held-out ratings are fetched.
  const Partition item_rows = Partition::by_count(model.items(), comm.size());
  const AlsSide side =
      make_als_side(comm, objective, users.partition, item_rows, {heldout.offsets, heldout.columns, heldout.values});
  const Matrix local_items = model.item_factors(item_rows.range(comm.rank()));
  const SideBatch& batch = side.batches.front();
  Matrix items(batch.gathered_rows(), local_items.columns());
  batch.plan.start(comm, local_items.view(), items.view()).wait();

  const Partition training_rows = Partition::by_count(dataset.users(), comm.size());
  const BiasBaseline baseline =
      fit_bias_baseline(comm, dataset.read(DatasetPart::interactions, training_rows.range(comm.rank())));

  RatingErrors errors;
  const Index factors = model.factors();
  for (Index r = 0; r < heldout.rows.size(); ++r) {
    const SparseRow entries = batch.block.row(r);
    const double user_bias = baseline.user_bias(users.seen, r);
    const float* user = users.factors.row(r);
    for (Index e = 0; e < entries.size(); ++e) {
      const auto entry = static_cast<std::size_t>(e);
      const float* item = items.row(entries.columns[entry]);
      double prediction =
          objective.biases ? static_cast<double>(user[factors]) + static_cast<double>(item[factors]) : 0.0;
      for (Index f = 0; f < factors; ++f) prediction += static_cast<double>(user[f]) * static_cast<double>(item[f]);
      errors.model.push_back(static_cast<double>(entries.values[entry]) - prediction);  // both without the mean
      const std::size_t place = static_cast<std::size_t>(heldout.offsets[static_cast<std::size_t>(r)] + e);
      const double item_bias = baseline.item_biases[static_cast<std::size_t>(heldout.columns[place])];
      errors.baseline.push_back(static_cast<double>(heldout.values[place]) - baseline.mean - user_bias - item_bias);
    }
  }
  return errors;
}

std::vector<Comparison> compare_ratings(JobContext& context, const std::vector<Metric>& metrics,
                                        const DatasetReader& dataset, const ModelReader& model,
                                        const HeldoutUserRows& users) {
  const auto timer = context.report.phase("predict");
  const Communicator& comm = context.comm;
  const RatingErrors errors = rating_errors(comm, dataset, model, users);
  const auto count = static_cast<double>(comm.sum(static_cast<Index>(errors.model.size())));
  const auto value = [&](const Metric& metric, std::vector<double> terms) {
    for (double& term : terms) term = rating_term(metric, term);
    return rating_value(metric, order_free_sum(comm, terms) / count);
  };
  std::vector<Comparison> comparisons;
  for (const Metric& metric : metrics) {
    comparisons.push_back({metric, value(metric, errors.model), value(metric, errors.baseline)});
  }
  return comparisons;
}

std::vector<Metric> chosen_metrics(const EvaluateOptions& options, const ModelReader& model) {
  const bool predicts_ratings = model.objective().loss == LossKind::explicit_feedback;
  if (options.metrics == "auto")
    return parse_metrics(predicts_ratings ? "rmse,mae" : "recall@20,recall@50,ndcg@100,map@10,hr@10");
  std::vector<Metric> metrics = parse_metrics(options.metrics);
  for (const Metric& metric : metrics) {
    if (!metric.ranks() && !predicts_ratings) {
      throw Error(ExitCode::usage, fmt::format("--metrics {}: expected a model of explicit ratings; {} is implicit",
                                               metric.name, options.model));
    }
  }
  return metrics;
}

/// Rankings beat their baseline from above, errors from below: the factor is above 1 where the model is better.
double advantage(const Comparison& comparison) {
  return comparison.metric.ranks() ? comparison.model / comparison.baseline : comparison.baseline / comparison.model;
}

void print_table(const std::vector<Comparison>& comparisons) {
  fmt::print("{:<12} {:>10} {:>10} {:>8}\n", "metric", "model", "baseline", "factor");
  for (const Comparison& c : comparisons) {
    fmt::print("{:<12} {:>10.6f} {:>10.6f} {:>8.3f}\n", c.metric.name, c.model, c.baseline, advantage(c));
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
    json["metrics"][c.metric.name] = {{"model", c.model}, {"baseline", c.baseline}, {"factor", advantage(c)}};
  }
  return json.dump(2) + "\n";
}

}  // namespace

void evaluate_model(const EvaluateOptions& options, JobContext& context) {
  const Communicator& comm = context.comm;
  Report& report = context.report;
  if (!options.output.empty()) check_output(comm, options.output);

  // 1. Read the model, what was held out, and the users' factors.
  auto reading = std::make_unique<Report::PhaseTimer>(report, "read");
  const DatasetReader dataset(comm, options.data);
  const ModelReader model(comm, options.model);
  require_same_dataset(dataset, options.data, model, options.model);
  const std::vector<Metric> metrics = agree_on(comm, [&] { return chosen_metrics(options, model); });
  if (!dataset.has(DatasetPart::heldout) || dataset.entries(DatasetPart::heldout) == 0) {
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("{}: nothing is held out; expected a dataset from prepare --split", options.data));
  }
  const HeldoutUserRows users = read_heldout_users(comm, dataset, model);
  reading.reset();

  Index evaluated_users = 0;
  for (Index r = 0; r < users.heldout.rows.size(); ++r)
    evaluated_users += row_columns(users.heldout, r).empty() ? 0 : 1;
  evaluated_users = comm.sum(evaluated_users);
  const Index interactions = comm.sum(users.heldout.entries());

  // 2. Compare predictions, then rankings, with their baselines.
  std::vector<Metric> rankings;
  std::vector<Metric> ratings;
  std::ranges::partition_copy(metrics, std::back_inserter(rankings), std::back_inserter(ratings), &Metric::ranks);
  std::vector<Comparison> comparisons;
  if (!ratings.empty()) comparisons = compare_ratings(context, ratings, dataset, model, users);
  if (!rankings.empty()) {
    const std::vector<Comparison> more = compare_rankings(context, rankings, dataset, model, users);
    comparisons.insert(comparisons.end(), more.begin(), more.end());
  }

  // 3. Tell.
  report.line(fmt::format("{} held-out interactions of {} users", interactions, evaluated_users));
  for (const Comparison& c : comparisons) {
    report.event("metric",
                 {{"metric", c.metric.name}, {"model", c.model}, {"baseline", c.baseline}, {"factor", advantage(c)}});
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
