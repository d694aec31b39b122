// What a sweep's folder holds: plans, settings and the runs of a task, and texts of any bytes as these files have them.

#include "jobs/sweep/plan/plan_file.hpp"
#include "jobs/sweep/state/settings.hpp"
#include "kernels/text/text_encoding.hpp"
#include "slurm/work/attempts.hpp"
#include "tests/fuzz/harness.hpp"

namespace {

using namespace rankwise;

void use_plan(const SweepPlan& plan) {
  for (const SweepTask& task : plan.tasks) {
    fuzz::require(&plan.task(task.trial, task.fold, task.rung) == &task, "a task is where its indices say");
    fuzz::require(plan.predicted_seconds(task) >= 0, "predictions are numbers");
  }
  for (std::size_t trial = 0; trial < plan.trials.size(); ++trial) (void)trial_text(plan, trial);
  const std::string text = plan_json(plan);
  fuzz::require(plan_json(parse_plan(text, "plan.json")) == text, "a plan comes back as it was written");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(fuzz::text_of(data, size));
  fuzz::read_or_refuse([&] { use_plan(parse_plan(text, "plan.json")); });
  fuzz::read_or_refuse([&] {
    const RunSettings settings = parse_settings(text, "run.json");
    fuzz::require(settings.batch.items_at_once > 0 && settings.cores >= 0, "settings are in range");
  });
  for (const slurm::Attempt& attempt : slurm::parse_attempts(text)) {
    fuzz::require(attempt.begin_seconds >= 0 && attempt.exit_code.value_or(0) >= 0, "runs have times and codes");
  }
  fuzz::require(decoded_text(encoded_text(text)) == text, "any bytes come back");
  return 0;
}
