// Sample runs:
//   rankwise sweep trial search --task t3.f1.r0
//   rankwise sweep trial search --task t3.f1.r0 --task t2.f1.r0
//   mpirun -n 4 rankwise sweep trial search --task t3.f1.r0 --threads 2

#include "jobs/sweep/trial.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <fmt/format.h>
#include <memory>

#include "jobs/options/file_option.hpp"
#include "jobs/options/folder_files.hpp"
#include "jobs/run/dataset_shelf.hpp"
#include "jobs/run/version.hpp"
#include "jobs/sweep/shared_plan.hpp"
#include "jobs/sweep/task_run.hpp"
#include "jobs/sweep/tasks_in_turn.hpp"
#include "kernels/process/host_name.hpp"
#include "kernels/process/process_clock.hpp"
#include "kernels/process/small_file.hpp"
#include "kernels/text/number_text.hpp"

namespace rankwise {

void run_trials(const std::string& directory, const std::vector<std::string>& task_names, JobContext& context) {
  const double begin_seconds = seconds_since_1970() - process_age_seconds();
  const SweepPlan plan = shared_plan(context.comm, directory, task_names);
  if (plan.version != program_version()) {
    throw AgreedError(ExitCode::usage, fmt::format("{}: was planned by {}, and this is {}; plan anew, since results of "
                                                   "two programs are not comparable",
                                                   directory, plan.version, program_version()));
  }
  std::vector<const SweepTask*> tasks;
  for (const std::string& name : task_names) {
    const auto found = std::ranges::find(plan.tasks, name, &SweepTask::name);
    if (found == plan.tasks.end()) {
      throw AgreedError(ExitCode::usage,
                        fmt::format("--task {}: the plan of {} has none of this name; expected one such "
                                    "as {}",
                                    name, directory, plan.tasks.front().name));
    }
    tasks.push_back(&*found);
  }
  if (tasks.size() == 1 && !tasks.front()->shares_program()) {
    return run_task(plan, directory, *tasks.front(), begin_seconds, context);
  }
  DatasetShelf shelf;
  if (plan.trials_per_program > 1) context.shelf = &shelf;
  run_in_turn(directory, tasks, context, [&](const SweepTask& task, JobContext& own) {
    run_task(plan, directory, task, seconds_since_1970(), own);
  });
}

namespace {

struct TrialOptions {
  std::string directory;
  std::vector<std::string> tasks;
};

RunJob describe_sweep_trial(boost::program_options::options_description& description) {
  namespace po = boost::program_options;
  const auto options = std::make_shared<TrialOptions>();
  // clang-format off
  description.add_options()
    ("directory", written_folder(&options->directory, sweep_folder_files)->required(), "folder of the sweep")
    ("task", po::value(&options->tasks)->value_name("NAME")->required(), "trial, fold and rung, as in t3.f1.r0; several follow each other");
  // clang-format on
  return [options](JobContext& context) { run_trials(options->directory, options->tasks, context); };
}

}  // namespace

Job sweep_trial_job() {
  return {"sweep trial", "trials on a fold, as sweep run starts them", {}, describe_sweep_trial, "directory"};
}

}  // namespace rankwise
