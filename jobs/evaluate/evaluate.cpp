// Sample runs:
//   rankwise evaluate --data shop.h5 --model model.h5
//   mpirun -n 8 rankwise evaluate --data shop.h5 --model model.h5 --metrics recall@20,ndcg@100 --output metrics.json
//   rankwise evaluate --data shop.h5 --model new.h5 --against old.h5 --metric ndcg@100 --margin 0.002
//   rankwise evaluate --data shop.h5 --model model.h5 --model items.h5 --blend 0.7,0.3

#include "jobs/evaluate/evaluate.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <functional>
#include <iterator>
#include <memory>
#include <span>
#include <vector>

#include "distributed/rows/select_rows.hpp"
#include "io/files/commit.hpp"
#include "jobs/evaluate/contenders.hpp"
#include "jobs/evaluate/estimates.hpp"
#include "jobs/evaluate/evaluation_json.hpp"
#include "jobs/evaluate/evaluation_page.hpp"
#include "jobs/evaluate/evaluation_report.hpp"
#include "jobs/evaluate/evaluation_table.hpp"
#include "jobs/evaluate/gate.hpp"
#include "jobs/evaluate/metrics.hpp"
#include "jobs/evaluate/models/any_model.hpp"
#include "jobs/evaluate/models/evaluated_models.hpp"
#include "jobs/evaluate/models/heldout_users.hpp"
#include "jobs/evaluate/models/matched_model.hpp"
#include "jobs/evaluate/models/training_overlap.hpp"
#include "jobs/evaluate/models/user_features.hpp"
#include "jobs/evaluate/per_user.hpp"
#include "jobs/evaluate/probability_check.hpp"
#include "jobs/evaluate/slices.hpp"
#include "jobs/run/compared_input.hpp"
#include "jobs/run/split_report.hpp"
#include "jobs/run/standard_output.hpp"
#include "jobs/run/text_output.hpp"
#include "kernels/text/counted.hpp"

namespace rankwise {

namespace {

/// What is asked for, and recall at more cutoffs for its curve.
struct AskedMetrics {
  std::vector<EvaluationMetric> reported;
  std::vector<EvaluationMetric> curve;
};

std::vector<EvaluationMetric> curve_of(std::span<const EvaluationMetric> metrics, Definitions definitions) {
  Index longest = 0;
  for (const EvaluationMetric& metric : metrics) longest = std::max(longest, metric.cutoff);
  std::vector<EvaluationMetric> curve;
  for (Index decade = 1; decade <= std::min<Index>(longest, 1'000'000); decade *= 10) {
    for (const Index step : {1, 2, 5}) {
      if (decade * step > longest) continue;
      curve.push_back({fmt::format("recall@{}", decade * step), MetricKind::recall, decade * step, definitions});
    }
  }
  return curve;
}

/// By which a gate decides.
const EvaluationMetric& gate_metric(const EvaluateOptions& options, const std::vector<EvaluationMetric>& metrics) {
  const auto named = std::ranges::find(metrics, options.gate.metric, &EvaluationMetric::name);
  return named == metrics.end() ? metrics.front() : *named;
}

/// Throws Error(usage) if an item model has nothing to measure it by.
void require_measurable(const EvaluationMetric& metric, const std::string& model_path) {
  if (metric.kind != MetricKind::diversity) return;
  throw Error(ExitCode::usage, fmt::format("--metrics {}: expected a model of factors, by which items are compared; {} "
                                           "is an item model",
                                           metric.name, model_path));
}

/// Throws Error(usage) if the metrics do not suit the model, or the models of a blend.
AskedMetrics asked_metrics(const EvaluateOptions& options, const AnyModel& model) {
  const bool predicts_ratings = model.predicts_ratings() && !options.model.is_blend();
  const char* usual = predicts_ratings ? "rmse,mae" : "recall@20,recall@50,ndcg@100,map@10,hr@10";
  AskedMetrics asked{parse_metrics(options.metrics == "auto" ? usual : options.metrics), {}};
  const std::string& gate = options.gate.metric;
  if (!gate.empty() && std::ranges::find(asked.reported, gate, &EvaluationMetric::name) == asked.reported.end())
    asked.reported.push_back(parse_metric("metric", gate));
  for (std::size_t m = 0; m < asked.reported.size(); ++m) {
    EvaluationMetric& metric = asked.reported[m];
    metric.definitions = options.definitions;
    if (!metric.ranks() && !predicts_ratings) {
      throw Error(ExitCode::usage,
                  fmt::format("--metrics {}: expected a model of explicit ratings; {} is {}", metric.name,
                              options.model.text(), model.items() ? "an item model" : "implicit"));
    }
    if (model.items()) require_measurable(metric, options.model.text());
    const auto before = std::span(asked.reported).first(m);
    if (std::ranges::find(before, metric.name, &EvaluationMetric::name) != before.end())
      throw Error(ExitCode::usage, fmt::format("--metrics: {} is given twice", metric.name));
  }
  if (!options.gate.against.empty() && !gate_metric(options, asked.reported).is_of_accuracy()) {
    throw Error(ExitCode::usage, fmt::format("--against: {} says nothing of accuracy; expected --metric, one that does",
                                             asked.reported.front().name));
  }
  asked.curve = curve_of(asked.reported, options.definitions);
  return asked;
}

std::vector<EvaluationMetric> ranking_metrics(const AskedMetrics& asked) {
  std::vector<EvaluationMetric> metrics;
  std::ranges::copy_if(asked.reported, std::back_inserter(metrics), &EvaluationMetric::ranks);
  for (const EvaluationMetric& metric : asked.curve) {
    if (std::ranges::find(metrics, metric.name, &EvaluationMetric::name) == metrics.end()) metrics.push_back(metric);
  }
  return metrics;
}

/// None unless a metric needs them. Collective.
std::vector<std::int32_t> categories_of_items(const EvaluateOptions& options, const JobContext& context,
                                              const HeldoutData& data) {
  if (options.categories.empty()) return {};
  return read_item_categories(context.comm, data, options.categories, context.common.input_check);
}

/// The file of a model beside the one that is evaluated, and what it is called: by name, or by path if two names are
/// equal.
struct OtherModel {
  std::string path;
  std::string name;
};

/// Those of a blend, then others, each once.
std::vector<OtherModel> models_beside(const EvaluateOptions& options) {
  std::vector<std::string> paths;
  if (options.model.is_blend()) paths = options.model.paths;
  const auto add = [&paths](const std::string& path) {
    if (std::ranges::find(paths, path) == paths.end()) paths.push_back(path);
  };
  for (const std::string& path : options.baseline_models) add(path);
  if (!options.gate.against.empty()) add(options.gate.against);
  const std::vector<std::string> names = names_of_models(paths);
  std::vector<OtherModel> models;
  for (std::size_t m = 0; m < paths.size(); ++m) models.push_back({paths[m], names[m]});
  return models;
}

/// Of the models that are evaluated.
std::vector<std::string> names_beside(const EvaluateOptions& options) {
  if (!options.model.is_blend()) return names_of_models(options.model.paths);
  std::vector<std::string> names;
  for (const OtherModel& model : models_beside(options)) names.push_back(model.name);
  return names;  // of more models than the blend has, which come last
}

/// Of a blend; none of a single model.
std::vector<std::string> names_of_parts(const std::vector<EvaluatedModel>& models) {
  std::vector<std::string> names;
  if (models.size() == 1) return names;
  for (const EvaluatedModel& model : models) names.push_back(model.name);
  return names;
}

/// What is evaluated: a model, or several with what their lists can have.
struct Evaluated {
  std::vector<EvaluatedModel> models;
  std::optional<Catalogue> joint = {};

  [[nodiscard]] const AnyMatchedModel& first() const { return models.front().matched; }
  [[nodiscard]] const Catalogue& catalogue() const { return joint ? *joint : first().catalogue; }
  /// Of which of this rank's users a model has a vector from features; empty: of none.
  [[nodiscard]] std::vector<std::uint8_t> described_users() const {
    std::vector<std::uint8_t> found;
    for (const EvaluatedModel& model : models) {
      if (!model.matched.factors) continue;
      const std::vector<std::uint8_t>& described = model.matched.factors->described_users;
      found.resize(std::max(found.size(), described.size()));
      std::transform(described.begin(), described.end(), found.begin(), found.begin(), std::bit_or<>());
    }
    return found;
  }
};

/// The baselines that were asked for, or those that suit the metrics.
std::vector<Baseline> chosen_baselines(const EvaluateOptions& options, const Contest& contest) {
  if (options.baselines) {
    require_used(*options.baselines, contest);
    return *options.baselines;
  }
  std::vector<Baseline> baselines;
  if (contest.candidates == Candidates::new_items) return baselines;
  if (!contest.questions.metrics.empty()) baselines.push_back({"popularity", BaselineKind::popularity});
  if (options.model.is_blend()) baselines.push_back({"models", BaselineKind::blended_models});
  if (contest.asks_ratings) baselines.push_back({"biases", BaselineKind::biases});
  return baselines;
}

/// Ratings of which nothing is known are predicted by the mean of the dataset's training part.
void set_mean_rating(AnyMatchedModel& model, const Catalogue& catalogue) {
  model.catalogue.mean_rating = catalogue.mean_rating;
  if (model.factors) model.factors->catalogue.mean_rating = catalogue.mean_rating;
}

/// Throws Error(usage) if the other model has no part in what is asked.
void require_comparable(const AnyModel& model, const Contest& contest, const std::string& path) {
  if (contest.asks_ratings && !model.predicts_ratings()) {
    throw Error(ExitCode::usage, fmt::format("{} is {} and predicts no ratings; expected an explicit model, or no rmse "
                                             "and mae among the metrics",
                                             path, model.items() ? "an item model" : "implicit"));
  }
  if (!model.items()) return;
  for (const EvaluationMetric& metric : contest.questions.metrics) require_measurable(metric, path);
}

/// What a model that was trained on another dataset knows here.
void tell_any_match(Report& report, const AnyMatchedModel& matched, const DatasetReader& dataset,
                    const std::string& data_path, const AnyModel& model, const std::string& path) {
  if (matched.counts) tell_match(report, *matched.counts, dataset, data_path, model.record(), path);
}

/// Measures another model. The warnings go into `warnings`. Collective.
Contender measure_other_model(JobContext& context, const Contest& contest, const HeldoutData& data,
                              const OtherModel& other, std::vector<std::string>& warnings) {
  const std::string& path = other.path;
  const AnyModel model(context.comm, path, context.common.input_check);
  warn_if_not_compared(context, model, path);
  require_unseen_heldout(data, model.record(), path);
  agree_on(context.comm, [&] { require_comparable(model, contest, path); });
  AnyMatchedModel matched = match_any_model(context.comm, contest.dataset, data.path, contest.rows, model, path);
  set_mean_rating(matched, contest.catalogue);
  tell_any_match(context.report, matched, contest.dataset, data.path, model, path);
  const TrainingOverlap overlap = training_overlap(data, model.record(), matched.counts);
  tell_overlap(context.report, overlap, data, path);
  for (const std::string& warning : overlap_warnings(overlap, data, path)) warnings.push_back(warning);
  Contender contender = measure_model(context, contest, other.name, path, matched);
  contender.may_know_heldout = may_know_heldout(overlap);
  return contender;
}

/// What the baseline means: each model of a blend alone, or one contender. Collective.
std::vector<Contender> measure_baselines(JobContext& context, const Contest& contest, const Baseline& baseline,
                                         const Evaluated& evaluated) {
  std::vector<Contender> contenders;
  if (baseline.kind != BaselineKind::blended_models) {
    contenders.push_back(measure_baseline(context, contest, baseline, evaluated.first()));
    return contenders;
  }
  for (const EvaluatedModel& model : evaluated.models)
    contenders.push_back(measure_model(context, contest, model.name, model.path, model.matched));
  return contenders;
}

/// The model or blend, then baselines, then other models. The first two with lists have their values by groups, too.
/// Collective.
std::vector<Contender> measure_all(const EvaluateOptions& options, JobContext& context, Contest& contest,
                                   const HeldoutData& data, const Evaluated& evaluated,
                                   std::vector<std::string>& warnings) {
  std::vector<Contender> contenders;
  const auto add = [&](Contender contender) {
    contenders.push_back(std::move(contender));
    if (std::ranges::count_if(contenders, [](const Contender& each) { return each.lists.has_value(); }) == 2)
      contest.questions.groupings.clear();
  };
  add(evaluated.joint ? measure_blend(context, contest, "model", options.model, evaluated.models, *evaluated.joint)
                      : measure_model(context, contest, "model", evaluated.models.front().path, evaluated.first()));
  for (const Baseline& baseline : chosen_baselines(options, contest)) {
    for (Contender& contender : measure_baselines(context, contest, baseline, evaluated)) add(std::move(contender));
  }
  for (const OtherModel& other : models_beside(options)) {
    const auto is_named = [&](const Contender& each) { return each.name == other.name; };
    const auto& blended = options.model.paths;
    const bool is_part = options.model.is_blend() && std::ranges::find(blended, other.path) != blended.end();
    const bool is_wanted = other.path == options.gate.against ||
                           std::ranges::find(options.baseline_models, other.path) != options.baseline_models.end();
    if (is_part && (!is_wanted || std::ranges::any_of(contenders, is_named))) continue;
    add(measure_other_model(context, contest, data, other, warnings));
  }
  return contenders;
}

/// Of what the metrics of categories cannot judge. Collective.
void add_category_warnings(const EvaluateOptions& options, const Communicator& comm, const Contest& contest,
                           std::vector<std::string>& warnings) {
  const auto asks = [&](MetricKind kind) {
    return std::ranges::find(contest.questions.metrics, kind, &EvaluationMetric::kind) !=
           contest.questions.metrics.end();
  };
  const std::vector<std::int32_t>& category_of_item = contest.questions.category_of_item;
  const Index users =
      asks(MetricKind::calibration) ? users_without_category(comm, category_of_item, contest.rows) : Index{0};
  if (users > 0) {
    warnings.push_back(fmt::format("calibration: no item of {} has a category (--categories {}); {} 0",
                                   counted(users, "user"), options.categories,
                                   verb(users, "the user counts as", "they count as")));
  }
  const Index items = std::ranges::count_if(category_of_item, [](std::int32_t category) { return category < 0; });
  if (items > 0 && asks(MetricKind::category_diversity)) {
    warnings.push_back(fmt::format("category-diversity: {} of {} {} no category (--categories {}) and {} not count",
                                   items, counted(std::ssize(category_of_item), "item"), verb(items, "has", "have"),
                                   options.categories, verb(items, "does", "do")));
  }
}

/// Of held-out pairs that lists of new items cannot have.
void add_candidates_warning(const Contest& contest, Evaluation& found) {
  found.are_candidates_new = contest.candidates == Candidates::new_items;
  if (!found.are_candidates_new) return;
  const Index others = found.rankings->targets - found.rankings->described_targets;
  if (others == 0) return;
  found.warnings.push_back(fmt::format("--candidates new: {} of {} {} of other items, and {} as {}", others,
                                       counted(found.rankings->targets, "held-out pair"), verb(others, "is", "are"),
                                       verb(others, "counts", "count"), verb(others, "a miss", "misses")));
}

/// What the run is about, and how much is held out. Collective.
Evaluation begin_evaluation(const EvaluateOptions& options, const Communicator& comm, const Contest& contest,
                            const Evaluated& evaluated) {
  Evaluation found;
  found.data_file = std::filesystem::path(options.data).filename().string();
  found.data_digest = contest.dataset.provenance().dataset_digest;
  for (const EvaluatedModel& model : evaluated.models) found.models.push_back(facts_of(model));
  for (std::size_t m = 0; evaluated.joint && m < found.models.size(); ++m)
    found.models[m].weight = (*options.model.weights)[m];
  if (evaluated.joint) found.blend_scores = normalization_word(options.model.normalization());
  found.definitions = options.definitions_word;
  found.categories = options.categories;
  found.seen = seen_word(options.seen);
  Index users = 0;
  for (Index r = 0; r < contest.rows.heldout.rows.size(); ++r)
    users += row_columns(contest.rows.heldout, r).empty() ? 0 : 1;
  found.users = comm.sum(users);
  found.interactions = comm.sum(contest.rows.heldout.entries());
  if (contest.asks_ratings)
    found.ratings = count_ratings(comm, evaluated.catalogue(), contest.rows, evaluated.described_users());
  if (contest.questions.metrics.empty()) return found;
  found.rankings =
      count_rankings(comm, {evaluated.catalogue(), options.seen}, contest.rows, evaluated.described_users());
  if (found.rankings->users > 0) return found;
  throw AgreedError(ExitCode::bad_data,
                    fmt::format("{}: --seen {} keeps all {} held-out pairs out of the lists; expected some that "
                                "they can have",
                                options.data, found.seen, found.rankings->left_out));
}

/// Estimates, slices, calibration and the verdict. Collective.
void estimate_all(const EvaluateOptions& options, JobContext& context, const Contest& contest,
                  const AskedMetrics& asked, const SlicePlan& slices, const std::vector<Contender>& contenders,
                  Evaluation& found) {
  const auto timer = context.report.phase("estimate");
  const Communicator& comm = context.comm;
  const UserKeys keys = user_keys_of(contest);
  found.metrics =
      estimate_metrics(comm, contest, asked.reported, contenders, keys, context.common.seed, options.extra_test);
  found.slices = measure_slices(comm, slices, contest, asked.reported, contenders);
  found.recall_by_cutoff = recall_by_cutoff(comm, contest, asked.curve, contenders);
  if (contest.asks_ratings) found.calibration = calibration(comm, contest, *contenders.front().ratings);
  if (options.gate.against.empty()) return;
  const std::vector<OtherModel> others = models_beside(options);
  const auto older = std::ranges::find(others, options.gate.against, &OtherModel::path);
  const std::string& metric = gate_metric(options, asked.reported).name;
  const auto figures = std::ranges::find(found.metrics, metric, [](const MetricFigures& f) { return f.metric.name; });
  found.gate = pass_gate(options.gate, older->name, *figures);
  found.gate->may_know_heldout = std::ranges::find(contenders, older->name, &Contender::name)->may_know_heldout;
}

void tell_all(Report& report, const Communicator& comm, const Evaluation& found, const Objective& objective) {
  tell_evaluation(report, found, objective);
  if (found.leakage) tell_split_figures(report, *found.leakage, SplitPart::heldout);
  if (comm.is_root()) print_result(evaluation_table(found));
  for (const std::string& warning : found.warnings) report.warning(warning);
}

/// The files that were asked for. Collective.
void write_all(const EvaluateOptions& options, JobContext& context, const Contest& contest, const AskedMetrics& asked,
               const Contender& model, const Evaluation& found) {
  const std::string json = evaluation_json(found);
  write_from_root(context, options.output, json);
  if (!options.report.empty()) write_from_root(context, options.report, evaluation_page(json));
  if (options.per_user.empty()) return;
  write_per_user(context, options.per_user, contest, asked.reported, model, found);
}

}  // namespace

void evaluate_model(const EvaluateOptions& options, JobContext& context) {
  const Communicator& comm = context.comm;
  agree_on(comm, [&] { require_sense(options); });
  for (const std::string& path : {options.output, options.report, options.per_user}) {
    if (!path.empty()) check_output(comm, path);
  }

  // 1. Read the models and what was held out; users who are new to them are folded in.
  auto reading = std::make_unique<Report::PhaseTimer>(context.report, "read");
  Evaluated evaluated{open_models(context, options.model.paths, names_beside(options))};
  std::vector<EvaluatedModel>& models = evaluated.models;
  const AskedMetrics asked = agree_on(comm, [&] { return asked_metrics(options, *models.front().file); });
  const HeldoutData data = open_heldout_data(context, options.data, deciding_record(context, options.data, models));
  const DatasetReader& dataset = *data.dataset;
  for (const EvaluatedModel& model : models) require_unseen_heldout(data, model.file->record(), model.path);
  require_heldout_part(dataset, options.data);
  const HeldoutRows rows = read_heldout_rows(comm, dataset, heldout_partition(comm, dataset));
  require_amounts(comm, rows, asked.reported);
  match_models(comm, data, rows, models);
  if (options.model.is_blend()) evaluated.joint = joint_catalogue(comm, models);

  // 2. What everyone is measured on.
  const bool asks_ratings = std::ranges::any_of(asked.reported, [](const auto& metric) { return !metric.ranks(); });
  const Catalogue catalogue = read_catalogue(comm, dataset, asks_ratings);
  for (EvaluatedModel& model : models) set_mean_rating(model.matched, catalogue);
  const SlicePlan slices =
      plan_slices(comm, data, evaluated.catalogue(), rows, options.slices, context.common.input_check);
  Contest contest{dataset,
                  data.fold,
                  rows,
                  catalogue,
                  {{catalogue, options.seen},
                   ranking_metrics(asked),
                   slices.groupings,
                   categories_of_items(options, context, data)},
                  asks_ratings,
                  options.candidates};
  Evaluation found = begin_evaluation(options, comm, contest, evaluated);
  for (const EvaluatedModel& model : models) {
    for (const std::string& warning : overlap_warnings(model.overlap, data, model.path))
      found.warnings.push_back(warning);
    const ModelReader* factors = model.file->factors();
    if (factors == nullptr || !model.matched.counts || (!factors->user_features() && !factors->item_features()))
      continue;
    found.warnings.push_back(unused_features_warning(model.path, data.path));
  }
  add_category_warnings(options, comm, contest, found.warnings);
  add_candidates_warning(contest, found);
  if (!data.fold) found.leakage = dataset.split_figures();
  reading.reset();

  // 3. Measure the model, baselines and other models; then how sure that is, and for whom.
  const std::vector<Contender> contenders = measure_all(options, context, contest, data, evaluated, found.warnings);
  estimate_all(options, context, contest, asked, slices, contenders, found);
  if (!options.probability.empty())
    found.probability = check_probabilities(context, options.probability, contest, models.front(), found.warnings);
  if (const std::string worse = worse_warning(found.metrics); !worse.empty())
    found.warnings.insert(found.warnings.begin(), worse);
  if (const std::string useless = useless_blend_warning(found.metrics, names_of_parts(models)); !useless.empty())
    found.warnings.insert(found.warnings.begin(), useless);

  // 4. Tell, and let the gate decide.
  for (const EvaluatedModel& model : models) {
    tell_any_match(context.report, model.matched, dataset, options.data, *model.file, model.path);
    tell_overlap(context.report, model.overlap, data, model.path);
  }
  tell_all(context.report, comm, found, evaluated.first().factors ? evaluated.first().factors->objective : Objective());
  write_all(options, context, contest, asked, contenders.front(), found);
  if (found.gate && !found.gate->passed) throw AgreedError(ExitCode::not_good_enough, verdict_text(*found.gate));
}

namespace {

RunJob describe_evaluate(boost::program_options::options_description& description) {
  const auto options = std::make_shared<EvaluateOptions>();
  describe_evaluation(description, *options);
  return {[options](JobContext& context) { evaluate_model(*options, context); },
          [options] { require_sense(*options); }};
}

}  // namespace

Job evaluate_job() {
  return {"evaluate", "measure a model on the held-out part: model + dataset -> metrics", metric_formulas,
          describe_evaluate};
}

}  // namespace rankwise
