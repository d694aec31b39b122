// Sample runs:
//   rankwise sweep plan search --data shop.h5 --factors 32,64,128 --regularization "log 1e-4 .. 1e-1 x 8"
//   rankwise sweep plan search --config search.ini --search sobol --trials 64 --validation users:5

#include "jobs/sweep/planning.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <filesystem>
#include <fmt/format.h>
#include <functional>
#include <memory>

#include "distributed/itemcf/entry_weights.hpp"
#include "io/dataset/dataset.hpp"
#include "io/dataset/dataset_tables.hpp"
#include "io/files/commit.hpp"
#include "io/points/stated_rows.hpp"
#include "jobs/evaluate/fold_check.hpp"
#include "jobs/kmeans/kmeans.hpp"
#include "jobs/options/choices.hpp"
#include "jobs/options/file_option.hpp"
#include "jobs/options/folder_files.hpp"
#include "jobs/planning/prediction.hpp"
#include "jobs/run/compared_input.hpp"
#include "jobs/run/standard_output.hpp"
#include "jobs/run/threads.hpp"
#include "jobs/sweep/plan/built_in_search.hpp"
#include "jobs/sweep/plan/item_points.hpp"
#include "jobs/sweep/plan/plan_file.hpp"
#include "jobs/sweep/plan/prediction.hpp"
#include "jobs/sweep/plan/swept_options.hpp"
#include "jobs/sweep/plan/tasks.hpp"
#include "jobs/sweep/state/records.hpp"
#include "jobs/sweep/state/swept_data.hpp"
#include "jobs/sweep/state/user_values.hpp"
#include "kernels/text/counted.hpp"
#include "kernels/text/units.hpp"

namespace rankwise {

namespace {

namespace fs = std::filesystem;

/// The rows of kmeans, whose options `value_of` has.
PointSource source_of(const std::string& data, const std::function<std::string(const std::string&)>& value_of) {
  PointSource source{.path = data, .dataset = value_of("dataset")};
  if (value_of("rows") == "items") source.side = RowSide::items;
  return source;
}

/// Mean of the squared weights of the training part's entries.
double entry_square(const SweepPlanOptions& options, const DatasetReader& dataset) {
  const auto given = options.texts.find("entry-weights");
  if (given == options.texts.end() || !leaves_search_open(options.job, options.texts)) return 1;
  const EntryWeighting weighting = item_options({{given->first, given->second}}).entry_weights;
  constexpr Index users_at_a_time = 65'536;
  double sum = 0;
  for (Index begin = 0; begin < dataset.users(); begin += users_at_a_time) {
    const RowRange users{begin, std::min(begin + users_at_a_time, dataset.users())};
    for (const float value : dataset.read(DatasetPart::interactions, users).values) {
      const double weight = entry_weight(weighting, value);
      sum += weight * weight;
    }
  }
  return sum / static_cast<double>(dataset.entries(DatasetPart::interactions));
}

SweptData swept_data(const SweepPlanOptions& options, const JobContext& context) {
  if (options.job == SweptJob::kmeans) {
    const std::optional<Index> rows = stated_rows(context.comm, source_of(options.data, [&](const std::string& name) {
                                                    const auto found = options.texts.find(name);
                                                    return found == options.texts.end() ? std::string() : found->second;
                                                  }));
    return {
        .digest = data_digest(options.job, options.data), .fold_numbers = {}, .searched = {.rows = rows.value_or(0)}};
  }
  const DatasetReader dataset(context.comm, options.data, std::nullopt, TrainedOn::training,
                              context.common.input_check);
  warn_if_not_compared(context, dataset, options.data);
  if (dataset.entries(DatasetPart::interactions) == 0) {
    throw Error(ExitCode::bad_data, fmt::format("{}: holds no interactions; expected at least one", options.data));
  }
  const auto with_entries = [](const std::vector<Index>& sizes) {
    return Index{std::ranges::count_if(sizes, [](Index size) { return size > 0; })};
  };
  const auto rows_of = [&](DatasetPart part) { return with_entries(dataset.row_sizes(part, {0, dataset.rows(part)})); };
  const bool has_validation = dataset.has(DatasetPart::validation) && dataset.entries(DatasetPart::validation) > 0;
  return {.digest = dataset.provenance().dataset_digest,
          .tables_digest = tables_digest(context.comm, options.data),
          .fold_numbers = dataset.fold_numbers(),
          .has_validation = has_validation,
          .searched = {.size = {rows_of(DatasetPart::interactions), rows_of(DatasetPart::interactions_by_item),
                                dataset.entries(DatasetPart::interactions)},
                       .entry_square = options.job == SweptJob::itemcf ? entry_square(options, dataset) : 1,
                       .rows = 0}};
}

/// Of kmeans: no trial has more clusters than there are rows, if the file states how many these are.
void require_enough_rows(const Communicator& comm, const SweepPlan& plan) {
  for (std::size_t t = 0; t < plan.trials.size(); ++t) {
    const SearchPoint& point = plan.trials[t].point;
    const auto value_of = [&point](std::string_view name) -> std::string {
      const auto found = std::ranges::find(point, name, &Assignment::name);
      return found == point.end() ? "" : found->value;
    };
    const std::string clusters = value_of("clusters");
    if (clusters.empty()) continue;
    const std::optional<Index> rows = stated_rows(comm, source_of(plan.data, value_of));
    if (!rows || *rows >= parse_cluster_counts(clusters).last) continue;
    throw Error(ExitCode::bad_data, fmt::format("{}: {}: expected at least {}, the number of clusters of trial t{}",
                                                plan.data, counted(*rows, "row"), clusters, t + 1));
  }
}

void tell_plan(const SweepPlan& plan) {
  std::string text =
      fmt::format("{:>6} {:>12} {:>12} {:>12}  {}\n", "trial", "s per task", "core-hours", "memory", "point");
  for (std::size_t t = 0; t < plan.trials.size(); ++t) {
    double seconds = 0;
    for (std::size_t r = 0; r < plan.rungs.size(); ++r) seconds += plan.predicted_seconds(plan.task(t, 0, r));
    const Trial& trial = plan.trials[t];
    const bool is_predicted = trial.epoch_seconds > 0;
    const double core_hours =
        seconds * plan.ranks * plan.threads_per_rank * static_cast<double>(plan.folds.size()) / 3600;
    text += fmt::format("{:>6} {:>12} {:>12} {:>12}  {}\n", t + 1, is_predicted ? fmt::format("{:.3g}", seconds) : "-",
                        is_predicted ? fmt::format("{:.3g}", core_hours) : "-",
                        is_predicted ? bytes_text(trial.memory_bytes) : "-", trial_text(plan, t));
  }
  text += fmt::format("{} trials x {} folds", plan.trials.size(), plan.folds.size());
  for (const Rung& rung : plan.rungs) {
    if (has_epochs(plan.job)) text += fmt::format(", {} to {} epochs", rung.trials, rung.epochs);
  }
  if (plan.combinations > std::ssize(plan.trials)) {
    text += fmt::format(
        "; {} combinations: options without a meaning beside the others are left out, each setting is one trial",
        plan.combinations);
  }
  if (plan.trials.front().epoch_seconds > 0) text += fmt::format("; {:.3g} core-hours", plan.predicted_core_hours());
  print_result(text + "\n");
}

/// Writes the directory, or finds that it holds the very same plan.
void write_plan(const SweepPlan& plan, const SweepPlanOptions& options, JobContext& context) {
  const fs::path directory = options.directory;
  std::error_code error;
  for (const char* part : {"records", "work"}) fs::create_directories(directory / part, error);
  if (error) {
    throw Error(ExitCode::cannot_create, fmt::format("{}: cannot be created: {}", options.directory, error.message()));
  }
  const std::string path = (directory / "plan.json").string();
  if (fs::exists(path)) {
    const SweepPlan known = read_plan(options.directory);
    const auto is_same = [](const SweepTask& a, const SweepTask& b) {
      return a.key == b.key && a.program == b.program;
    };
    if (std::ranges::equal(known.tasks, plan.tasks, is_same)) {
      context.report.line(fmt::format("{} already holds this plan", options.directory));
      return;
    }
    throw Error(ExitCode::cannot_create,
                fmt::format("{}: already holds another plan, which does not change; plan into a new directory with "
                            "--reuse {} to take over what is still valid",
                            options.directory, options.directory));
  }
  write_text_in_rank_order(context.comm, path, plan_json(plan));
  context.report.line(fmt::format("wrote {}", path));
  for (const std::string& other : options.reuse) {
    take_over_user_values(plan, other, options.directory);
    const Index taken = take_over_records(plan, other, options.directory, context.comm);
    context.report.line(fmt::format("{} of {} records are taken over from {}", taken, plan.tasks.size(), other));
  }
}

}  // namespace

namespace {

/// Tells what is searched if nobody named it.
void tell_built_in_search(const SweepPlanOptions& options, const SweptData& data, Report& report) {
  if (!leaves_search_open(options.job, options.texts)) return;
  const BuiltInSearch search = built_in_search(options.job, options.texts, data.searched, options.epochs);
  report.line(fmt::format("no space is named; the built-in one: {}", space_text(search)));
}

void plan_sweep(const SweepPlanOptions& options, JobContext& context) {
  require_single_rank(context.comm, "plan");
  agree_on(context.comm, [&] {
    // 1. Which trials, on which folds, for how long.
    const SweptData data = swept_data(options, context);
    SweepPlan plan = make_plan(options, data, context.common.seed);
    tell_built_in_search(options, data, context.report);
    // Better told now than by every task.
    if (trains_on_folds(plan.job)) {
      require_filled_folds(context.comm, plan.data, plan.folds, plan.seed, context.common.input_check);
    }
    if (plan.job == SweptJob::kmeans) require_enough_rows(context.comm, plan);
    plan.configuration = context.configuration;
    name_tasks(plan);
    // 2. What that takes.
    {
      const auto timer = context.report.phase("predict");
      predict_trials(plan, options.network, options.calibration_seconds, processors_per_rank(context.comm),
                     context.common.input_check);
    }
    fit_into_budget(plan, options, data);
    tell_plan(plan);
    const double core_hours = plan.predicted_core_hours();
    if (options.most_core_hours > 0 && core_hours > options.most_core_hours) {
      throw Error(ExitCode::usage, fmt::format("--max-core-hours {}: the plan takes about {:.3g}; expected a smaller "
                                               "space, fewer folds or epochs, or --halving",
                                               options.most_core_hours, core_hours));
    }
    // 3. Write it.
    write_plan(plan, options, context);
  });
}

constexpr std::string_view notes =
    R"(The options of the job itself are given as for the job, or as what to search:
  factors = 32, 64, 128                          these values
  regularization = log 1e-4 .. 1e-1 x 8          8 values in equal steps of the logarithm; linear: of the number
  alpha = linear 1 .. 40                         any number between (every search but the grid)
  alpha = 1, 10, 40 if weighting = linear, log   only if another option has one of these values
  penalty = 10, 100 if normalization = 0 | 1, 10 if normalization = 0.5      other values in each case
itemcf: options that have no effect beside the others (a penalty of similarities) are left out of a trial, and each
distinct setting is tried once.
Without any of --factors, --regularization, --regularization-exponent, --unobserved-weight (itemcf: --weights, --similarity,
--popularity-exponent, --shrinkage, --neighbours, --penalty, --normalization; kmeans: --clusters) a built-in space is searched,
which is printed. als: factors by doubling, regularization over four decades, the unobserved weight over
three around that of als --unobserved-weight auto, exponents; points of --search sobol, the first one what als takes by
default, by --halving 3 from a quarter of --epochs on. itemcf: 28 trials: each similarity with 20 and with 100 neighbours, and
ridges of 200 neighbours with four penalties over three decades, scaled to the data, for each of three normalizations.
kmeans: 2 to 32 clusters.
What a trial is worth is the mean over folds of --optimize on what a fold leaves out; the dataset's own held-out part is
never read. Folds are functions of --seed, user and item: the same for every trial, so that trials are compared in pairs.
--validation users:5 leaves users out whole, whose factors are folded in from 80% of their interactions. temporal:4 cuts
the time line into 5 parts of equal numbers of interactions, never between equal times: fold 1 trains on the first and
validates on the second, fold 4 trains on the first four and validates on the last. Users without earlier interactions
count; their lists are the popular items, as in evaluate. column makes a fold of each number that
prepare --folds, or a column of folds, put into the dataset. rolling takes them as parts of the time line, from --folds times:...:
fold n trains on the parts before it and validates on it; the first part is trained on alone.
prepared, without --validation the choice for a dataset that has such a part, trains on the whole training part and
validates on the part that prepare --validation took off.
--path: a training begins where its neighbour with more regularization ended, which changes what comes out (keys too), not
in which order it may be run. --trials-per-program changes nothing that comes out.
--halving 3 trains all trials for --halving-epochs, then the best third three times as long, and so on to --epochs;
trainings go on where they were, and what is promoted depends on the values alone, not on who was first.
K-means is judged without folds: each trial is repeated from --validation seeds:N different seeds, and among clusterings
whose stability (adjusted Rand index over disjoint halves of the rows, --folds) reaches --min-stability the best
--optimize wins.
DIR/plan.json never changes. A record of one trial on one fold counts only for the same options, dataset and program,
which its name is a hash of: with --reuse a new plan takes over from an older sweep what is still valid.)";

}  // namespace

RunJob describe_sweep_plan(boost::program_options::options_description& description,
                           const std::shared_ptr<SweepPlanOptions>& options) {
  namespace po = boost::program_options;
  // clang-format off
  description.add_options()
    ("directory", written_folder(&options->directory, sweep_folder_files)->required(), "folder of the sweep, which is made")
    ("job", po::value<std::string>()->value_name("als|itemcf|kmeans")->default_value("als")->notifier(
       one_of<SweptJob>("job", options->job, {{"als", SweptJob::als}, {"itemcf", SweptJob::itemcf}, {"kmeans", SweptJob::kmeans}})), "what is tuned")
    ("data", read_file(&options->data)->required(), "als, itemcf: dataset, as prepare writes it; kmeans: its --input")
    ("search", po::value<std::string>()->value_name("grid|random|sobol|latin-hypercube")->default_value("grid")->notifier(
       one_of<SearchDesign>("search", options->search, {{"grid", SearchDesign::grid}, {"random", SearchDesign::random}, {"sobol", SearchDesign::sobol},
       {"latin-hypercube", SearchDesign::latin_hypercube}})), "which points of the space are tried")
    ("trials", po::value(&options->trials)->value_name("N")->default_value(0)->notifier(within<Index>("trials", 0, 100'000)), "points to try, of every search but the grid")
    ("max-trials", po::value(&options->most_trials)->value_name("N")->default_value(1000)->notifier(within<Index>("max-trials", 1, 100'000)), "refuse a plan of more")
    ("max-core-hours", po::value(&options->most_core_hours)->value_name("HOURS")->default_value(0)->notifier(within<double>("max-core-hours", 0, 1e9)),
     "als: refuse a plan that is predicted to take more; 0: no limit")
    ("budget", po::value(&options->budget_core_hours)->value_name("HOURS")->default_value(0)->notifier(within<double>("budget", 0, 1e9)),
     "als: core-hours that the built-in search may take: it tries as many points as are predicted to fit, at most 81; 0: it tries 27")
    ("validation", po::value(&options->validation)->value_name("KIND[:COUNT[@REPEATS]]"),
     "folds: interactions:K or users:K, @R for R divisions, temporal:K, column, rolling, or prepared: the dataset's validation part (als, itemcf; without it prepared if there is that part, else interactions:3), or seeds:N (kmeans; seeds:3)")
    ("optimize", po::value(&options->optimize)->value_name("METRIC"),
     "als, itemcf: a metric of evaluate, without it ndcg@100, or rmse of ratings; kmeans: silhouette (without it), simplified-silhouette, davies-bouldin, calinski-harabasz, stability, inertia")
    ("metrics", po::value(&options->more_metrics)->value_name("LIST"), "als, itemcf: further metrics to measure")
    ("direction", po::value<std::string>()->value_name("maximize|minimize")->notifier([options](const std::string& text) {
       Direction direction{};
       one_of<Direction>("direction", direction, {{"maximize", Direction::maximize}, {"minimize", Direction::minimize}})(text);
       options->direction = direction; }), "which values of it are better; without it the natural one")
    ("select", po::value<std::string>()->value_name("best|one-standard-error")->default_value("one-standard-error")->notifier(
       one_of<SelectionRule>("select", options->rule, {{"best", SelectionRule::best}, {"one-standard-error", SelectionRule::one_standard_error}})),
     "the best mean, or of the trials that are behind the best by at most one standard error of their paired difference the simplest: fewest factors, then the "
     "largest regularization; fewest neighbours, then similarities before a ridge; fewest clusters")
    ("min-stability", po::value(&options->least_stability)->value_name("SHARE")->default_value(usual_least_stability, "0.8")->notifier(within<double>("min-stability", -1, 1)),
     "kmeans: clusterings below are chosen only where none reaches it")
    ("epochs", po::value(&options->epochs)->value_name("N")->default_value(options->epochs)->notifier(within<Index>("epochs", 1, 1'000'000)), "als: of each training, or of the last rung")
    ("halving", po::value(&options->halving)->value_name("FACTOR")->default_value(0)->notifier([](double factor) {
       if (factor != 0) within<double>("halving", 1.5, 100)(factor); }), "als: successive halving, keep the best 1/FACTOR of the trials for FACTOR times the epochs; 0: off")
    ("halving-epochs", po::value(&options->halving_epochs)->value_name("N")->default_value(0)->notifier(within<Index>("halving-epochs", 0, 1'000'000)),
     "of the first rung; 0: a ninth of --epochs")
    ("ranks", po::value(&options->ranks)->value_name("N")->default_value(1)->notifier(within<int>("ranks", 1, 100'000)), "MPI ranks of each trial")
    ("threads-per-rank", po::value(&options->threads_per_rank)->value_name("N")->default_value(1)->notifier(within<int>("threads-per-rank", 1, 4096)), "of each trial")
    ("path", po::bool_switch(&options->has_paths), "als: trials that differ in regularization alone follow each other on each fold, from the largest to the smallest, each "
     "beginning with the model of the one before; fewer --epochs are then enough")
    ("trials-per-program", po::value(&options->trials_per_program)->value_name("N")->default_value(1)->notifier(within<Index>("trials-per-program", 1, 10'000)),
     "als, itemcf: so many trials of a fold follow each other in one program, which starts once and reads the matrix once; for small ones")
    ("reuse", read_folder(&options->reuse, sweep_folder_files), "take over records of this older sweep that are still valid; may be repeated");
  // clang-format on
  describe_machine(description, options->network, options->calibration_seconds);
  describe_swept_options(description, options->texts);
  return {[options](JobContext& context) { plan_sweep(*options, context); },
          [options] {
            // Without a dataset, which a chain may be yet to make.
            SweepPlan plan = make_plan(*options, {.fold_numbers = {0, 1}}, 0);
            name_tasks(plan);
          }};
}

Job sweep_plan_job() {
  return {"sweep plan", "cross-validated search: choose trials, folds and epochs, predict what they take", notes,
          [](auto& description) { return describe_sweep_plan(description, std::make_shared<SweepPlanOptions>()); },
          "directory"};
}

}  // namespace rankwise
