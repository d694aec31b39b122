// Sample runs:
//   rankwise sweep refit search --model model.h5 --metrics metrics.json
//   mpirun -n 8 rankwise sweep refit search --model model.h5

#include "jobs/sweep_refit.hpp"

#include <boost/program_options.hpp>
#include <filesystem>
#include <fmt/format.h>
#include <memory>

#include "io/dataset.hpp"
#include "jobs/als.hpp"
#include "jobs/evaluate.hpp"
#include "jobs/file_clashes.hpp"
#include "jobs/file_option.hpp"
#include "jobs/folder_files.hpp"
#include "jobs/kmeans.hpp"
#include "jobs/sweep_collect.hpp"
#include "jobs/sweep_programs.hpp"
#include "jobs/sweep_trial.hpp"

namespace rankwise {

namespace {

bool has_heldout(const Communicator& comm, const std::string& data) {
  const DatasetReader dataset(comm, data);
  return dataset.has(DatasetPart::heldout) && dataset.entries(DatasetPart::heldout) > 0;
}

std::vector<std::string> with(std::vector<std::string> arguments, std::initializer_list<std::string> more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

/// Trains the trial, after those before it on its path, if it is on one. Collective.
void refit_along_path(const SweepPlan& plan, const std::string& directory, std::size_t trial, const std::string& model,
                      JobContext& context) {
  const std::filesystem::path work = std::filesystem::path(directory) / "work";
  std::vector<std::string> begin;
  for (const std::size_t each : path_to(plan, trial)) {
    const std::string name = fmt::format("refit-t{}", each + 1);
    const std::string written = each == trial ? model : (work / (name + ".h5")).string();
    std::vector<std::string> arguments = with(
        plan.trials[each].arguments,
        {"--seed", std::to_string(plan.seed), "--epochs", std::to_string(plan.rungs.back().epochs), "--data", plan.data,
         "--model", written, "--checkpoint", (work / name).string(), "--checkpoint-interval", "00:10:00"});
    arguments.insert(arguments.end(), begin.begin(), begin.end());
    run_nested(als_job(), arguments, context);
    begin = {"--warm-start", written};
  }
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

  // 1. The chosen trial.
  const SweepPlan plan = shared_plan(comm, directory);
  auto chosen = static_cast<Index>(
      agree_on(comm, [&] { return comm.is_root() ? sweep_results(plan, directory).winner().trial : std::size_t{0}; }));
  chosen = comm.max(chosen);
  const auto trial = static_cast<std::size_t>(chosen);
  agree_on(comm, [&] {
    if (comm.is_root()) require_outputs_apart(plan, options);
  });
  context.report.line(fmt::format("trial {}: {}", trial + 1, trial_text(plan, trial)));

  // 2. On all rows.
  if (plan.job == SweptJob::kmeans) {
    if (!options.metrics.empty()) throw AgreedError(ExitCode::usage, "--metrics has a meaning only for sweeps of als");
    run_nested(kmeans_job(),
               with(plan.trials[trial].arguments,
                    {"--seed", std::to_string(plan.seed), "--input", plan.data, "--output", options.model}),
               context);
    return;
  }
  refit_along_path(plan, directory, trial, options.model, context);

  // 3. On what no trial has seen.
  if (!has_heldout(comm, plan.data)) {
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
    ("metrics", written_file(&options->metrics, json_endings), "als: also write what evaluate finds on the held-out part, as JSON");
  // clang-format on
  return [options](JobContext& context) { refit_winner(*options, context); };
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
