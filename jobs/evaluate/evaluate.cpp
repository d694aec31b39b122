// Sample runs:
//   rankwise evaluate --data shop.h5 --model model.h5
//   mpirun -n 8 rankwise evaluate --data shop.h5 --model model.h5 --metrics recall@20,ndcg@100 --output metrics.json

#include "jobs/evaluate/evaluate.hpp"

#include <algorithm>
#include <array>
#include <boost/program_options.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <iterator>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "distributed/als/half_sweep.hpp"
#include "distributed/evaluation/bias_baseline.hpp"
#include "distributed/evaluation/factor_evaluation.hpp"
#include "distributed/log/fold.hpp"
#include "distributed/rows/select_rows.hpp"
#include "io/config/json_text.hpp"
#include "io/dataset/dataset.hpp"
#include "io/files/commit.hpp"
#include "io/model/model.hpp"
#include "jobs/als/training_sides.hpp"
#include "jobs/evaluate/heldout_users.hpp"
#include "jobs/evaluate/metrics.hpp"
#include "jobs/options/choices.hpp"
#include "jobs/options/file_option.hpp"
#include "jobs/run/compared_input.hpp"
#include "jobs/run/dataset_shelf.hpp"
#include "jobs/run/standard_output.hpp"
#include "kernels/text/counted.hpp"

namespace rankwise {

namespace {

constexpr std::array seen_words{"exclude", "allow", "only"};  // by SeenItems

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
  [[nodiscard]] bool is_worse() const { return metric().is_better(baseline, model.value); }
  /// Rankings beat their baseline from above, errors from below: above 1 if the model is better. Nothing over 0.
  [[nodiscard]] std::optional<double> vs_baseline() const {
    const double above = metric().ranks() ? model.value : baseline;
    const double below = metric().ranks() ? baseline : model.value;
    return below == 0 ? std::nullopt : std::optional(above / below);
  }
};

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

/// Items by training popularity: a model of one factor, the item's training interactions.
std::vector<double> popularity_baseline(const Communicator& comm, const std::vector<EvaluationMetric>& metrics,
                                        const ListRule& rule, const EvaluatedModel& evaluated) {
  const Partition& item_rows = evaluated.items.partition;
  const RowRange mine = item_rows.range(comm.rank());
  FactorMatrix popularity{item_rows, Matrix(mine.size(), 1)};
  for (Index i = 0; i < mine.size(); ++i) {
    popularity.local.row(i)[0] = static_cast<float>(rule.catalogue.entries[static_cast<std::size_t>(mine.begin + i)]);
  }
  Matrix users(evaluated.users.rows(), 1);
  for (Index r = 0; r < users.rows(); ++r) users.row(r)[0] = 1.0F;
  std::vector<double> values;
  for (const MetricEstimate& estimate :
       evaluate_factors(comm, Objective(), rule, metrics, evaluated.rows, users.view(), popularity)) {
    values.push_back(estimate.value);
  }
  return values;
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
  return compare(of_model, popularity_baseline(comm, metrics, rule, evaluated));
}

/// Errors of a model of biases alone, entry by entry of this rank's held-out ratings.
std::vector<double> bias_baseline_errors(const Communicator& comm, const DatasetReader& dataset,
                                         const HeldoutRows& rows) {
  const BiasBaseline baseline = fit_bias_baseline(comm, read_training(comm, dataset));
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
                                        const DatasetReader& dataset, EvaluatedModel& evaluated) {
  const auto timer = context.report.phase("predict");
  const Communicator& comm = context.comm;
  if (!evaluated.objective.biases) {
    evaluated.catalogue.mean_rating = mean_rating(comm, {read_training(comm, dataset), {}});
  }
  const std::vector<MetricEstimate> of_model =
      evaluate_factors(comm, evaluated.objective, {evaluated.catalogue}, metrics, evaluated.rows,
                       evaluated.users.view(), evaluated.items);
  const std::vector<double> errors = bias_baseline_errors(comm, dataset, evaluated.rows);
  std::vector<double> baseline;
  for (const EvaluationMetric& metric : metrics) baseline.push_back(estimate_metric(comm, metric, errors).value);
  return compare(of_model, baseline);
}

/// Held-out ratings whose prediction is not wholly the model's; over all ranks.
struct RatingCounts {
  Index ratings = 0;
  Index cold_users = 0;  ///< ratings of users without a training entry
  Index cold_items = 0;  ///< ratings of items without a training entry
  Index cold = 0;        ///< ratings of either
};

/// Collective over comm.
RatingCounts count_ratings(const Communicator& comm, const Catalogue& catalogue, const HeldoutRows& rows) {
  RatingCounts counts{.ratings = rows.heldout.entries()};
  for (Index r = 0; r < rows.heldout.rows.size(); ++r) {
    const std::span<const Index> items = row_columns(rows.heldout, r);
    const auto ratings = static_cast<Index>(items.size());
    const Index cold = std::ranges::count_if(items, [&](Index item) { return !catalogue.is_candidate(item); });
    const bool knows_user = catalogue.knows(row_columns(rows.seen, r));
    counts.cold_items += cold;
    counts.cold_users += knows_user ? 0 : ratings;
    counts.cold += knows_user ? cold : ratings;
  }
  return {comm.sum(counts.ratings), comm.sum(counts.cold_users), comm.sum(counts.cold_items), comm.sum(counts.cold)};
}

void tell_ratings(Report& report, const RatingCounts& counts, const Objective& objective) {
  if (counts.cold > 0) {
    report.line(fmt::format("{} of {} {} of a user or an item without a training entry: the prediction is the mean{}",
                            counts.cold, counted(counts.ratings, "held-out rating"), verb(counts.cold, "is", "are"),
                            objective.biases ? " and the known biases" : ""));
  }
  report.event("ratings", {{"ratings", counts.ratings},
                           {"cold_users", counts.cold_users},
                           {"cold_items", counts.cold_items},
                           {"cold", counts.cold}});
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

void print_table(const std::vector<Comparison>& comparisons) {
  std::string text = fmt::format("{:<12} {:>10} {:>10} {:>12}\n", "metric", "model", "baseline", "vs baseline");
  bool has_dash = false;
  for (const Comparison& c : comparisons) {
    const std::optional<double> ratio = c.vs_baseline();
    has_dash = has_dash || !ratio;
    text += fmt::format("{:<12} {:>10.6f} {:>10.6f} {:>12}\n", c.metric().name, c.model.value, c.baseline,
                        ratio ? fmt::format("{:.3f}", *ratio) : "-");
  }
  if (has_dash) text += "-: there is no ratio to 0\n";
  print_result(text);
}

/// One line that names every metric by which the model is worse.
void warn_of_worse(Report& report, const std::vector<Comparison>& comparisons) {
  std::vector<std::string> worse;
  for (const Comparison& c : comparisons) {
    if (!c.is_worse()) continue;
    worse.push_back(fmt::format("{} {:.6f}, {} {:.6f}", c.metric().name, c.model.value,
                                c.metric().ranks() ? "popularity" : "mean and biases", c.baseline));
  }
  if (worse.empty()) return;
  report.warning(fmt::format("the model is worse than its baseline: {}", fmt::join(worse, "; ")));
}

std::string json_text(const EvaluateOptions& options, const std::vector<Comparison>& comparisons, Index users,
                      Index interactions, const std::optional<RankingCounts>& rankings,
                      const std::optional<RatingCounts>& ratings, const ModelReader& model) {
  nlohmann::ordered_json json;
  json["users"] = users;
  json["heldout_interactions"] = interactions;
  if (rankings) {
    json["rankings"] = {{"seen", seen_words[static_cast<std::size_t>(options.seen)]},
                        {"users", rankings->users},
                        {"popular_users", rankings->popular_users},
                        {"targets", rankings->targets},
                        {"cold_targets", rankings->cold_targets},
                        {"left_out", rankings->left_out}};
  }
  if (ratings) {
    json["ratings"] = {{"ratings", ratings->ratings},
                       {"cold_users", ratings->cold_users},
                       {"cold_items", ratings->cold_items},
                       {"cold", ratings->cold}};
  }
  json["ancestor_trained_on_all"] = !model.lineage_trained_on_all().empty();
  json["model_configuration"] = model.provenance().configuration;
  json["baseline"] = {{"rankings", "training popularity"}, {"ratings", "damped mean + user bias + item bias"}};
  json["worse_than_baseline"] = std::ranges::any_of(comparisons, &Comparison::is_worse);
  for (const Comparison& c : comparisons) {
    nlohmann::ordered_json metric{{"model", c.model.value},
                                  {"standard_error", c.model.standard_error},
                                  {"baseline", c.baseline},
                                  {"vs_baseline", nullptr},
                                  {"worse_than_baseline", c.is_worse()}};
    if (const std::optional<double> ratio = c.vs_baseline()) metric["vs_baseline"] = *ratio;
    json["metrics"][c.metric().name] = metric;
  }
  return rankwise::json_text(json, 2) + "\n";
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
  if (model.trained_on() == TrainedOn::training) return;
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
  const auto opened = open_dataset(context, options.data, model.trained_fold());
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
  const Index evaluated_users = comm.sum(rows_with_entries(evaluated.rows.heldout));
  const Index interactions = comm.sum(evaluated.rows.heldout.entries());

  // 2. Compare predictions, then rankings, with their baselines.
  std::vector<EvaluationMetric> rankings;
  std::vector<EvaluationMetric> ratings;
  std::ranges::partition_copy(metrics, std::back_inserter(rankings), std::back_inserter(ratings),
                              &EvaluationMetric::ranks);
  std::vector<Comparison> comparisons;
  std::optional<RankingCounts> counts;
  std::optional<RatingCounts> rating_counts;
  if (!ratings.empty()) {
    comparisons = compare_ratings(context, ratings, dataset, evaluated);
    rating_counts = count_ratings(comm, evaluated.catalogue, evaluated.rows);
  }
  if (!rankings.empty()) {
    const ListRule rule{evaluated.catalogue, options.seen};
    counts = count_rankings(comm, rule, evaluated.rows);
    if (counts->users == 0) {
      throw AgreedError(ExitCode::bad_data,
                        fmt::format("{}: --seen {} keeps all {} held-out pairs out of the lists; expected some that "
                                    "lists can have",
                                    options.data, seen_words[static_cast<std::size_t>(options.seen)], interactions));
    }
    const std::vector<Comparison> more =
        naming(options.model, [&] { return compare_rankings(context, rankings, rule, evaluated); });
    comparisons.insert(comparisons.end(), more.begin(), more.end());
  }

  // 3. Tell.
  report.line(fmt::format("{} of {}", counted(interactions, "held-out interaction"), counted(evaluated_users, "user")));
  if (rating_counts) tell_ratings(report, *rating_counts, evaluated.objective);
  if (counts) tell_rankings(report, *counts);
  for (const Comparison& c : comparisons) {
    report.event("metric", {{"metric", c.metric().name},
                            {"model", c.model.value},
                            {"baseline", c.baseline},
                            {"vs_baseline", c.vs_baseline().value_or(std::numeric_limits<double>::quiet_NaN())},
                            {"worse_than_baseline", Index{c.is_worse() ? 1 : 0}}});
  }
  if (comm.is_root()) print_table(comparisons);
  warn_of_worse(report, comparisons);
  warn_of_ancestors(report, options, model);
  if (!options.output.empty()) {
    OrderedTextFile file(comm, options.output);
    file.append(comm.is_root()
                    ? json_text(options, comparisons, evaluated_users, interactions, counts, rating_counts, model)
                    : "");
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
