#include "jobs/sweep/plan/plan.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace rankwise {

const char* job_name(SweptJob job) {
  switch (job) {
    case SweptJob::als:
      return "als";
    case SweptJob::itemcf:
      return "itemcf";
    case SweptJob::kmeans:
      break;
  }
  return "kmeans";
}

double SweepPlan::predicted_seconds(const SweepTask& task) const {
  const Index before = task.rung == 0 ? 0 : rungs[task.rung - 1].epochs;
  const Trial& trial = trials[task.trial];
  return trial.epoch_seconds * static_cast<double>(rungs[task.rung].epochs - before) + trial.other_seconds;
}

double SweepPlan::predicted_core_hours() const {
  // Which trials a later rung keeps is not known yet: the mean of all.
  double seconds = 0;
  for (std::size_t r = 0; r < rungs.size(); ++r) {
    double all = 0;
    for (std::size_t t = 0; t < trials.size(); ++t) all += predicted_seconds(task(t, 0, r));
    seconds += all / static_cast<double>(trials.size()) * static_cast<double>(rungs[r].trials);
  }
  return seconds * static_cast<double>(folds.size()) * ranks * threads_per_rank / 3600;
}

std::string trial_text(const SweepPlan& plan, std::size_t trial) {
  std::vector<std::string> parts;
  for (const Assignment& assignment : plan.trials[trial].point) {
    if (std::ranges::find(plan.parameters, assignment.name) == plan.parameters.end()) continue;
    parts.push_back(fmt::format("{}={}", assignment.name, assignment.value));
  }
  return parts.empty() ? "the only trial" : fmt::format("{}", fmt::join(parts, " "));
}

}  // namespace rankwise
