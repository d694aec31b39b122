#include "jobs/quarterly_needs.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>

#include "jobs/als.hpp"
#include "jobs/sweep_driver.hpp"
#include "jobs/sweep_planning.hpp"

namespace rankwise {

namespace {

namespace fs = std::filesystem;

/// The option's value; empty where it is not given.
std::string value_of(const std::vector<std::string>& arguments, const char* option) {
  const auto found = std::ranges::find(arguments, option);
  return found == arguments.end() ? std::string() : *std::next(found);
}

/// The training as a sweep of one trial on all of the training part: what is known of such counts here too.
SweepPlan plan_of_training(const ChainStep& step, int cores_per_node) {
  const std::vector<std::string>& arguments = step.commands.front().arguments;
  const std::string epochs = value_of(arguments, "--epochs");
  SweepPlan plan;
  plan.data = value_of(arguments, "--data");
  plan.ranks = static_cast<int>(step.resources.tasks);
  plan.threads_per_rank = static_cast<int>(step.resources.cpus_per_task);
  plan.metrics = "rmse";  // nothing is ranked
  plan.folds = {""};
  plan.trials.emplace_back().arguments = arguments;
  plan.rungs = {{1, epochs.empty() ? AlsOptions().epochs : std::stoll(epochs)}};
  plan.tasks.emplace_back().name = step.name;
  predict_trials(plan, NetworkRate(), 0, cores_per_node);
  return plan;
}

void fill_in(slurm::Resources& needs, const slurm::Resources& predicted) {
  if (needs.memory_bytes_per_node == 0) needs.memory_bytes_per_node = predicted.memory_bytes_per_node;
  if (needs.time_limit_seconds == 0) needs.time_limit_seconds = predicted.time_limit_seconds;
}

/// Of a step's ranks as its nodes have them.
RunSettings settings_of(const ChainStep& step) {
  const slurm::Resources& needs = step.resources;
  RunSettings settings;
  settings.cores_per_node = (needs.tasks + needs.nodes - 1) / needs.nodes * needs.cpus_per_task;
  return settings;
}

}  // namespace

void predict_needs(Chain& chain, int cores_per_node) {
  std::string sweep;
  for (ChainStep& step : chain.steps) {
    if (!step.sweep.empty()) sweep = step.sweep;
    RunSettings settings = settings_of(step);
    if (step.name == "als" && fs::exists(value_of(step.commands.front().arguments, "--data"))) {
      const SweepPlan plan = plan_of_training(step, cores_per_node);
      fill_in(step.resources, program_needs(plan, {&plan.tasks.front()}, settings));
    }
    if (step.name == "refit" && fs::exists(fs::path(sweep) / "plan.json")) {
      const SweepPlan plan = read_plan(sweep);
      const bool is_alike = plan.ranks == step.resources.tasks && plan.threads_per_rank == step.resources.cpus_per_task;
      if (is_alike) fill_in(step.resources, refit_submission(plan, sweep, settings).resources);
    }
  }
}

}  // namespace rankwise
