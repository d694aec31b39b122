// Sample runs:
//   rankwise sweep blend --data shop.h5 --model als.h5 --model items.h5
//   mpirun -n 8 rankwise sweep blend --data shop.h5 --model als.h5 --model items.h5 --metric recall@20 --output
//   blend.json

#include "jobs/blend/sweep_blend.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <filesystem>
#include <fmt/format.h>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "distributed/blending/blended_lists.hpp"
#include "distributed/evaluation/metric_sample.hpp"
#include "io/files/commit.hpp"
#include "jobs/blend/blend_report.hpp"
#include "jobs/blend/blend_settings.hpp"
#include "jobs/blend/weight_grid.hpp"
#include "jobs/evaluate/contenders.hpp"
#include "jobs/evaluate/estimates.hpp"
#include "jobs/evaluate/evaluation_report.hpp"
#include "jobs/evaluate/models/evaluated_models.hpp"
#include "jobs/evaluate/models/heldout_users.hpp"
#include "jobs/run/dataset_shelf.hpp"
#include "jobs/run/standard_output.hpp"
#include "jobs/run/text_output.hpp"
#include "kernels/text/counted.hpp"
#include "slurm/batch/sbatch_file.hpp"

namespace rankwise {

namespace {

/// What compares weights: the fold that the models left out, or else the validation part; never the held-out part.
/// Collective.
HeldoutData open_validation_part(const JobContext& context, const std::string& path,
                                 const std::vector<EvaluatedModel>& models) {
  const TrainingRecord& record = deciding_record(context, path, models);
  HeldoutData data = open_heldout_data(context, path, record);
  if (data.fold) return data;
  if (!data.dataset->has(DatasetPart::validation)) {
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("{} has no validation part to compare weights by, and the held-out part is for "
                                  "evaluate; expected a dataset of prepare --validation, or models of als --fold",
                                  path));
  }
  data.fold = parse_fold("prepared");
  data.dataset = open_dataset(context, path, data.fold);
  return data;
}

/// Says if the choice of a model's epoch has used what compares weights now.
void tell_chosen_epochs(const JobContext& context, const HeldoutData& data, const std::vector<EvaluatedModel>& models) {
  for (const EvaluatedModel& model : models) {
    if (model.matched.counts || !model.file->record().compared_epochs) continue;
    context.report.line(
        fmt::format("the epoch of {} was chosen by {} of {}, too: its own weight may be somewhat too "
                    "large",
                    model.path, data.fold->kind == FoldKind::prepared ? "the validation part" : "the fold", data.path));
  }
}

/// The values of each point's users. Single models are measured as evaluate measures them. Collective.
std::vector<std::vector<double>> measure_points(const BlendSweepOptions& options, JobContext& context,
                                                const Contest& contest, const std::vector<EvaluatedModel>& models,
                                                const std::vector<Weights>& grid) {
  std::vector<std::vector<double>> values(grid.size());
  std::vector<Weights> blends;
  for (std::size_t p = 0; p < grid.size(); ++p) {
    if (const Index single = single_model(grid[p]); single >= 0) {
      const EvaluatedModel& model = models[static_cast<std::size_t>(single)];
      values[p] = measure_model(context, contest, model.name, model.path, model.matched).lists->values.front();
    } else {
      blends.push_back(grid[p]);
    }
  }

  const auto timer = context.report.phase("blend");
  const Catalogue joint = joint_catalogue(context.comm, models);
  const ListQuestions questions = contest.questions.of(joint);
  const std::vector<BlendedModel> blended = blended_models(context.comm, contest.rows, models);
  std::vector<BlendedTable> tables =
      blended_tables(context.comm, {blended, options.models.normalization()}, blends, questions, contest.rows);
  auto next = tables.begin();
  for (std::size_t p = 0; p < grid.size(); ++p) {
    if (single_model(grid[p]) < 0) values[p] = std::move((next++)->table.values.front());
  }
  if (const Index popular_users = tables.front().popular_users; popular_users > 0) {
    context.report.warning(
        fmt::format("every model scores all new items the same for {}: the popular items are "
                    "measured there",
                    counted(popular_users, "user")));
  }
  context.report.event("blended_lists",
                       {{"models", std::ssize(models)}, {"popular_users", tables.front().popular_users}});
  return values;
}

/// The first of the best among points for which `takes_part` holds.
template <class TakesPart>
std::size_t best_of(const BlendSweep& found, TakesPart&& takes_part) {
  std::size_t best = found.points.size();
  for (std::size_t p = 0; p < found.points.size(); ++p) {
    if (!takes_part(found.points[p].weights)) continue;
    const bool is_better = best == found.points.size() ||
                           found.metric.is_better(found.points[p].figures.value, found.points[best].figures.value);
    if (is_better) best = p;
  }
  return best;
}

/// Estimates of all points, and the best blend beside the best single model. Collective.
void compare_points(JobContext& context, const Contest& contest, const std::vector<Weights>& grid,
                    const std::vector<std::vector<double>>& values, BlendSweep& found) {
  const auto timer = context.report.phase("estimate");
  std::vector<MetricColumn> columns;
  for (const std::vector<double>& of_point : values) columns.push_back({found.metric, of_point});
  const std::vector<MetricSample> samples = metric_samples(context.comm, columns);
  for (std::size_t p = 0; p < grid.size(); ++p) found.points.push_back({grid[p], figures_of(samples[p].estimate)});
  found.best = best_of(found, [](const Weights&) { return true; });
  found.best_single = best_of(found, [](const Weights& weights) { return single_model(weights) >= 0; });
  found.best_blend = best_of(found, [](const Weights& weights) { return single_model(weights) < 0; });
  PairedComparison comparison;
  comparison.add(samples[found.best_blend], samples[found.best_single]);
  found.difference = comparison.differences(context.comm, user_keys_of(contest).ranked, context.common.seed).front();
}

/// The command that measures the best blend on the held-out part.
std::string next_command(const BlendSweepOptions& options, const BlendSweep& found) {
  const Weights& weights = found.points[found.best_blend].weights;
  std::string command = fmt::format("rankwise evaluate --data {}", slurm::shell_word(options.data));
  for (const std::size_t m : BlendSweep::parts(weights))
    command += fmt::format(" --model {}", slurm::shell_word(options.models.paths[m]));
  command += fmt::format(" --blend {}", weights_text(weights));
  if (options.models.normalization() != ScoreNormalization::standard)
    command += fmt::format(" --blend-scores {}", found.scores);
  return command;
}

void tell_result(const BlendSweepOptions& options, JobContext& context, const BlendSweep& found) {
  const std::string conclusion = blend_conclusion(found);
  if (context.comm.is_root()) {
    std::string text = blend_table(found) + "\n" + conclusion + "\n";
    text += fmt::format(
        "The weights were chosen by these users, so that the value of the best blend is somewhat too good "
        "here. The held-out part measures it{}:\n  {}\n",
        found.is_better() ? "" : ", if you want to see it all the same", next_command(options, found));
    print_result(text);
  }
  for (const std::string& warning : found.warnings) context.report.warning(warning);
  const BlendPoint& blend = found.points[found.best_blend];
  context.report.event("blend_sweep", {{"metric", found.metric.name},
                                       {"points", std::ssize(found.points)},
                                       {"blend", fmt::format("{}", fmt::join(blend.weights, ","))},
                                       {"value", blend.figures.value},
                                       {"best_model", found.points[found.best_single].figures.value},
                                       {"difference", found.difference.mean},
                                       {"is_better", Index{found.is_better() ? 1 : 0}}});
}

BlendSweep begin_sweep(const BlendSweepOptions& options, const HeldoutData& data,
                       const std::vector<EvaluatedModel>& models) {
  BlendSweep found;
  found.data_file = std::filesystem::path(options.data).filename().string();
  found.data_digest = data.dataset->provenance().dataset_digest;
  found.part = data.fold->kind == FoldKind::prepared ? "validation" : "fold " + fold_text(*data.fold);
  found.seen = seen_word(options.seen);
  found.scores = normalization_word(options.models.normalization());
  found.metric = options.metric;
  found.step = 1 / static_cast<double>(options.steps());
  for (const EvaluatedModel& model : models) {
    found.models.push_back(facts_of(model));
    found.names.push_back(model.name);
    for (std::string& warning : overlap_warnings(model.overlap, data, model.path))
      found.warnings.push_back(std::move(warning));
  }
  return found;
}

void sweep_blend(const BlendSweepOptions& options, JobContext& context) {
  const Communicator& comm = context.comm;
  agree_on(comm, [&] { require_sense(options); });
  if (!options.output.empty()) check_output(comm, options.output);

  // 1. Read the models and what compares them.
  auto reading = std::make_unique<Report::PhaseTimer>(context.report, "read");
  std::vector<EvaluatedModel> models =
      open_models(context, options.models.paths, names_of_models(options.models.paths));
  const HeldoutData data = open_validation_part(context, options.data, models);
  for (const EvaluatedModel& model : models) require_unseen_heldout(data, model.file->record(), model.path);
  const HeldoutRows rows = read_heldout_rows(comm, *data.dataset, heldout_partition(comm, *data.dataset));
  require_amounts(comm, rows, {&options.metric, 1});
  match_models(comm, data, rows, models);
  const Catalogue catalogue = read_catalogue(comm, *data.dataset, false);
  const Contest contest{*data.dataset, data.fold, rows, catalogue, {{catalogue, options.seen}, {options.metric}}};
  const RankingCounts counts = count_rankings(comm, {joint_catalogue(comm, models), options.seen}, rows);
  reading.reset();
  for (const EvaluatedModel& model : models) tell_overlap(context.report, model.overlap, data, model.path);
  tell_chosen_epochs(context, data, models);
  tell_rankings(context.report, counts);
  if (counts.users == 0) {
    throw AgreedError(ExitCode::bad_data, fmt::format("{}: --seen {} keeps all validation pairs out of the lists; "
                                                      "expected some that they can have",
                                                      options.data, seen_word(options.seen)));
  }

  // 2. Measure every combination of weights, then compare the best with the best single model.
  BlendSweep found = begin_sweep(options, data, models);
  const std::vector<Weights> grid = weight_grid(std::ssize(models), options.steps());
  const std::vector<std::vector<double>> values = measure_points(options, context, contest, models, grid);
  compare_points(context, contest, grid, values, found);

  // 3. Tell.
  tell_result(options, context, found);
  write_from_root(context, options.output, blend_json(found));
}

RunJob describe_sweep_blend(boost::program_options::options_description& description) {
  const auto options = std::make_shared<BlendSweepOptions>();
  describe_blend_sweep(description, *options);
  return {[options](JobContext& context) { sweep_blend(*options, context); }, [options] { require_sense(*options); }};
}

constexpr std::string_view notes =
    R"(Each user's scores of a model become comparable (--blend-scores) and are added with weights from 0 to 1 that add up to 1. All
combinations in steps of --step are measured by --metric on the dataset's validation part, or on the fold that the models left out
(als --fold), never on the held-out part. Normalized scores are made once for all combinations. A single model is measured as
evaluate measures it. The best blend is compared with the best single model, by pairs of users (Student's t): if the 95% interval of
the difference is not above 0, the single model is recommended. evaluate and recommend take the weights: --blend 0.65,0.35.)";

}  // namespace

Job sweep_blend_job() {
  return {"sweep blend", "find the weights of several models in one list, on the validation part", notes,
          describe_sweep_blend};
}

}  // namespace rankwise
