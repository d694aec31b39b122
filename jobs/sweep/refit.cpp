// Sample runs:
//   rankwise sweep refit search --model model.h5 --metrics metrics.json
//   mpirun -n 8 rankwise sweep refit search --model model.h5

#include "jobs/sweep/refit.hpp"

#include <boost/program_options.hpp>
#include <filesystem>
#include <fmt/format.h>
#include <memory>

#include "jobs/als/als.hpp"
#include "jobs/evaluate/evaluate.hpp"
#include "jobs/evaluate/models/any_model.hpp"
#include "jobs/itemcf/itemcf.hpp"
#include "jobs/kmeans/kmeans.hpp"
#include "jobs/options/choices.hpp"
#include "jobs/options/file_clashes.hpp"
#include "jobs/options/file_option.hpp"
#include "jobs/options/folder_files.hpp"
#include "jobs/options/nested_job.hpp"
#include "jobs/run/stop_requests.hpp"
#include "jobs/sweep/plan/programs.hpp"
#include "jobs/sweep/results/results.hpp"
#include "jobs/sweep/shared_plan.hpp"
#include "jobs/sweep/state/swept_data.hpp"

namespace rankwise {

namespace {

void require_sense(const RefitOptions& options) {
  if (options.trained_on != TrainedOn::all || options.metrics.empty()) return;
  throw AgreedError(ExitCode::usage, "--metrics has no meaning with --train-on all: nothing is held out then");
}

/// Collective.
bool has_entries(const Communicator& comm, const std::string& data, DatasetPart part) {
  // Its shapes alone, which HDF5's own checksums cover.
  const DatasetReader dataset(comm, data, std::nullopt, TrainedOn::training, InputCheck::none);
  return dataset.has(part) && dataset.entries(part) > 0;
}

/// What the refit is trained on: what chose the trial too, for what is held out still measures it. Collective.
TrainedOn refitted_parts(const Communicator& comm, const RefitOptions& options, const std::string& data) {
  if (options.trained_on) return *options.trained_on;
  return has_entries(comm, data, DatasetPart::validation) ? TrainedOn::training_and_validation : TrainedOn::training;
}

const char* part_word(TrainedOn parts) {
  return parts == TrainedOn::all ? "all" : parts == TrainedOn::training ? "training" : "training+validation";
}

std::vector<std::string> with(std::vector<std::string> arguments, std::initializer_list<std::string> more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

/// Collective.
void require_trained_as_planned(const SweepPlan& plan, const std::string& path, const JobContext& context) {
  const AnyModel trained(context.comm, path, context.common.input_check);
  agree_on(context.comm, [&] { require_planned_digest(plan, trained.record().provenance.dataset_digest); });
}

/// The plan, with the data that the options name, if they do; it must be the planned one. Collective.
SweepPlan plan_of_refit(const Communicator& comm, const RefitOptions& options, const std::string& directory) {
  SweepPlan plan = shared_plan(comm, directory, {});
  if (!options.data.empty()) plan.data = std::filesystem::absolute(options.data).lexically_normal().string();
  agree_on(comm, [&] {
    if (comm.is_root()) require_planned_data(plan);
  });
  return plan;
}

/// Root only.
Index chosen_trial(const SweepPlan& plan, const std::string& directory, Report& report) {
  const SweepResults results = sweep_results(plan, directory);
  if (!results.user_values_fault.empty()) report.warning(results.user_values_fault);
  return static_cast<Index>(results.winner().trial);
}

/// Arguments in pairs of option and value, or of one switch, without those of a training that validates itself: one
/// that is trained on the validation part too has nothing left for that.
std::vector<std::string> without_validation(const std::vector<std::string>& arguments) {
  std::vector<std::string> kept;
  for (std::size_t a = 0; a < arguments.size(); ++a) {
    const std::string& argument = arguments[a];
    const bool validates =
        argument == "--validation-metric" || argument == "--validation-every" || argument == "--patience";
    if (validates) {
      ++a;
    } else {
      kept.push_back(argument);
    }
  }
  return kept;
}

/// Trains the trial, after those before it on its path, if it is on one. Collective.
void refit_along_path(const SweepPlan& plan, const std::string& directory, std::size_t trial,
                      const RefitOptions& options, TrainedOn parts, JobContext& context) {
  const std::filesystem::path work = std::filesystem::path(directory) / "work";
  const bool on_more = parts != TrainedOn::training;
  const std::vector<std::string> locking = locking_arguments(context.comm, directory);
  std::vector<std::string> begin;
  for (const std::size_t each : path_to(plan, trial)) {
    const std::string name = fmt::format("{}-t{}", parts == TrainedOn::all ? "final" : "refit", each + 1);
    const std::string written = each == trial ? options.model : (work / (name + ".h5")).string();
    const std::vector<std::string>& point = plan.trials[each].arguments;
    std::vector<std::string> arguments =
        with(on_more ? with(without_validation(point), {"--train-on", part_word(parts)}) : point,
             {"--seed", std::to_string(plan.seed), "--data", plan.data, "--model", written, "--checkpoint",
              (work / name).string(), "--checkpoint-interval", "00:10:00"});
    const bool as_model = each == trial && !options.epochs_of.empty();
    arguments = with(std::move(arguments), {as_model ? "--epochs-of" : "--epochs",
                                            as_model ? options.epochs_of : std::to_string(plan.rungs.back().epochs)});
    arguments.insert(arguments.end(), begin.begin(), begin.end());
    arguments.insert(arguments.end(), locking.begin(), locking.end());
    run_nested(als_job(), arguments, context);
    require_trained_as_planned(plan, written, context);
    begin = {"--warm-start", written};
  }
}

/// Likewise of an item model, which has neither epochs nor checkpoints.
void refit_items(const SweepPlan& plan, std::size_t trial, const RefitOptions& options, TrainedOn parts,
                 JobContext& context) {
  let_signals_act();
  run_nested(itemcf_job(),
             with(plan.trials[trial].arguments, {"--train-on", part_word(parts), "--seed", std::to_string(plan.seed),
                                                 "--data", plan.data, "--model", options.model}),
             context);
  require_trained_as_planned(plan, options.model, context);
}

/// Refuses what the plan's job has no use for.
void require_sense(const RefitOptions& options, const SweepPlan& plan) {
  const auto refuse = [](const char* message) { throw AgreedError(ExitCode::usage, message); };
  if (!has_epochs(plan.job) && !options.epochs_of.empty()) refuse("--epochs-of has a meaning only for sweeps of als");
  if (trains_on_folds(plan.job)) return;
  if (!options.metrics.empty()) refuse("--metrics has a meaning only for sweeps of als and itemcf");
  if (options.trained_on) refuse("--train-on has a meaning only for sweeps of als and itemcf");
}

}  // namespace

void require_outputs_apart(const SweepPlan& plan, const RefitOptions& options) {
  std::vector<NamedFile> files{{"the sweep's --data", plan.data, {FileUse::read, {}, {}}},
                               {"the sweep", options.directory, {FileUse::folder_written, {}, sweep_folder_files}}};
  const auto add = [&files](const char* name, const std::string& path) {
    if (!path.empty()) files.push_back({name, path, {FileUse::written, {}, {}}});
  };
  add("the refit's model", options.model);
  add("the refit's metrics", options.metrics);
  require_distinct_files(files);
}

void refit_winner(const RefitOptions& options, JobContext& context) {
  const Communicator& comm = context.comm;
  const std::string directory = std::filesystem::absolute(options.directory).lexically_normal().string();

  require_sense(options);

  // 1. The chosen trial.
  const SweepPlan plan = plan_of_refit(comm, options, directory);
  agree_on(comm, [&] {
    if (comm.is_root()) warn_of_damaged_records(plan, directory, context.report);
  });
  const auto trial = static_cast<std::size_t>(
      comm.max(agree_on(comm, [&] { return comm.is_root() ? chosen_trial(plan, directory, context.report) : 0; })));
  agree_on(comm, [&] {
    if (comm.is_root()) require_outputs_apart(plan, options);
  });
  context.report.line(fmt::format("trial {}: {}", trial + 1, trial_text(plan, trial)));

  // 2. On all rows.
  require_sense(options, plan);
  if (plan.job == SweptJob::kmeans) {
    run_nested(kmeans_job(),
               with(plan.trials[trial].arguments,
                    {"--seed", std::to_string(plan.seed), "--input", plan.data, "--output", options.model}),
               context);
    return;
  }
  const TrainedOn parts = refitted_parts(comm, options, plan.data);
  context.report.line(fmt::format("trained on: {}", part_word(parts)));
  if (has_epochs(plan.job)) {
    refit_along_path(plan, directory, trial, options, parts, context);
  } else {
    refit_items(plan, trial, options, parts, context);
  }
  if (parts == TrainedOn::all) {
    return context.report.line(
        "trained on everything, the held-out part too, so that nothing is left to measure it on");
  }

  // 3. On what no trial has seen.
  if (!has_entries(comm, plan.data, DatasetPart::heldout)) {
    context.report.line(fmt::format("{} holds nothing out, so that the model is not evaluated", plan.data));
    return;
  }
  std::vector<std::string> evaluation{"--data", plan.data, "--model", options.model, "--metrics", plan.metrics};
  if (!options.metrics.empty()) evaluation.insert(evaluation.end(), {"--output", options.metrics});
  run_nested(evaluate_job(), evaluation, context);
}

namespace {

RunJob describe_refit(boost::program_options::options_description& description) {
  namespace po = boost::program_options;
  const auto options = std::make_shared<RefitOptions>();
  // clang-format off
  description.add_options()
    ("directory", written_folder(&options->directory, sweep_folder_files)->required(), "folder of the sweep")
    ("model", written_file(&options->model, hdf5_endings)->required(), "model to write; kmeans: clustering")
    ("train-on", po::value<std::string>()->value_name("training|training+validation|all")->notifier([options](const std::string& text) {
       one_of<TrainedOn>("train-on", options->trained_on.emplace(), {{"training", TrainedOn::training}, {"training+validation", TrainedOn::training_and_validation}, {"all", TrainedOn::all}})(text); }),
     "als, itemcf: the training part; the validation part too, which is the default if the data has one; the held-out part still measures these models; or everything, for a model that serves")
    ("epochs-of", read_file(&options->epochs_of), "als: as many epochs as this model was trained for; without it as many as planned")
    ("data", read_file(&options->data), "where the data that was planned on is now; accepted only if it is the same")
    ("metrics", written_file(&options->metrics, json_endings), "als, itemcf: also write what evaluate finds on the held-out part, as JSON");
  // clang-format on
  return {[options](JobContext& context) { refit_winner(*options, context); }, [options] { require_sense(*options); }};
}

}  // namespace

Job sweep_refit_job() {
  return {"sweep refit",
          "train the chosen trial on the whole training part, and evaluate on what was held out",
          {},
          describe_refit,
          "directory"};
}

}  // namespace rankwise
