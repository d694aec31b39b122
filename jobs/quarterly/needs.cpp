#include "jobs/quarterly/needs.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <optional>

#include "io/dataset/dataset.hpp"
#include "jobs/als/als_settings.hpp"
#include "jobs/quarterly/records.hpp"
#include "jobs/sweep/plan/plan_file.hpp"
#include "jobs/sweep/plan/prediction.hpp"
#include "jobs/sweep/state/driver.hpp"

namespace rankwise {

namespace {

namespace fs = std::filesystem;

/// The training as a sweep of one trial on all of the training part: what is known of such counts here too.
SweepPlan plan_of_training(const ChainStep& step, int cores_per_node, InputCheck check) {
  SweepPlan plan;
  plan.data = step.data;
  plan.ranks = static_cast<int>(step.resources.tasks);
  plan.threads_per_rank = static_cast<int>(step.resources.cpus_per_task);
  plan.metrics = "rmse";  // nothing is ranked
  plan.folds = {""};
  plan.trials.emplace_back().arguments = step.commands.front().arguments;
  plan.rungs = {{1, step.epochs}};
  plan.tasks.emplace_back().name = step.name;
  predict_trials(plan, NetworkRate(), 0, cores_per_node, check);
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

/// Interactions of all parts over those of the training part.
double everything_over_training(const std::string& data, InputCheck check) {
  const Communicator alone = Communicator::single();
  const auto entries = [&](TrainedOn trained_on) {
    return DatasetReader(alone, data, std::nullopt, trained_on, check).entries(DatasetPart::interactions);
  };
  return static_cast<double>(entries(TrainedOn::all)) /
         static_cast<double>(std::max<Index>(1, entries(TrainedOn::training)));
}

/// What a training of the training part takes, for one of everything.
slurm::Resources needs_of_everything(const slurm::Resources& training, const std::string& data, InputCheck check) {
  const double factor = everything_over_training(data, check);
  const auto more = [factor](std::int64_t amount) {
    constexpr double most = 0x1p62;
    return static_cast<std::int64_t>(std::min(most, std::ceil(static_cast<double>(amount) * factor)));
  };
  slurm::Resources needs = training;
  needs.memory_bytes_per_node = more(training.memory_bytes_per_node);
  needs.time_limit_seconds = more(training.time_limit_seconds);
  return needs;
}

/// The final training follows another one, which has its needs by now. Its dataset lasts where that one's does.
void fill_in_final(ChainStep& step, const ChainStep& training, bool has_lasting_data, InputCheck check) {
  const slurm::Resources& needs = step.resources;
  const bool is_alike = needs.nodes == training.resources.nodes && needs.tasks == training.resources.tasks &&
                        needs.cpus_per_task == training.resources.cpus_per_task;
  const std::string& data = step.inputs.front();
  if (is_alike && has_lasting_data && fs::exists(data)) {
    fill_in(step.resources, needs_of_everything(training.resources, data, check));
  }
}

/// Whether the steps that this one follows are done, so that none of them is about to replace what it reads.
bool has_lasting_inputs(const ChainStep& step, const std::vector<std::optional<StepRecord>>& records) {
  return std::ranges::all_of(step.after, [&records](std::size_t before) { return records[before].has_value(); });
}

}  // namespace

void predict_needs(Chain& chain, int cores_per_node, InputCheck check) {
  const std::vector<std::optional<StepRecord>> records = valid_records(chain);
  std::string sweep;
  for (ChainStep& step : chain.steps) {
    if (!step.sweep.empty()) sweep = step.sweep;
    if (!step.repeats.empty()) {
      const ChainStep& training = *std::ranges::find(chain.steps, step.repeats, &ChainStep::name);
      fill_in_final(step, training, has_lasting_inputs(training, records), check);
    }
    if (!has_lasting_inputs(step, records)) continue;
    RunSettings settings = settings_of(step);
    if (step.name == "als" && fs::exists(step.data)) {
      const SweepPlan plan = plan_of_training(step, cores_per_node, check);
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
