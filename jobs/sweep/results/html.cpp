#include "jobs/sweep/results/html.hpp"

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "io/config/json_text.hpp"
#include "io/page/report_page.hpp"
#include "jobs/sweep/results/summary.hpp"
#include "jobs/sweep/state/scheduler_folder.hpp"
#include "slurm/work/attempts.hpp"

namespace rankwise {

namespace {

using Json = nlohmann::ordered_json;

Json task_json(const SweepPlan& plan, const SweepTask& task, const TaskRecord& record) {
  const double value = record.metrics.at(plan.metric());
  return {{"name", task.name},
          {"trial", task.trial + 1},
          {"fold", task.fold},
          {"rung", task.rung},
          {"point", trial_text(plan, task.trial)},
          {"epochs", record.epochs},
          {"value", number_or_null(value)},
          {"losses", record.losses},
          {"seconds", record.seconds},
          {"predicted_seconds", plan.trials[task.trial].epoch_seconds > 0 ? plan.predicted_seconds(task) : 0},
          {"memory_bytes", record.memory_bytes},
          {"predicted_memory_bytes", plan.trials[task.trial].memory_bytes}};
}

Json run_json(const SweepTask& task, const slurm::Attempt& run) {
  return {{"task", task.name},
          {"host", run.host},
          {"job", run.job_id},
          {"begin", run.begin_seconds},
          {"end", run.end_seconds ? Json(*run.end_seconds) : Json(nullptr)},
          {"code", run.exit_code ? Json(*run.exit_code) : Json(nullptr)}};
}

/// Schedulers note whole seconds; of the run that made the record, this knows more.
Json runs_json(const std::string& directory, const SweepTask& task, const std::optional<TaskRecord>& record) {
  Json runs = Json::array();
  for (const slurm::Attempt& run : slurm::read_attempts(scheduler_folder(directory), task.name)) {
    Json json = run_json(task, run);
    const bool is_recorded = record && run.exit_code == 0 &&
                             record->begin_seconds > static_cast<double>(run.begin_seconds - 1) &&
                             record->begin_seconds < static_cast<double>(run.end_seconds.value_or(0) + 1);
    if (is_recorded) {
      json["begin"] = record->begin_seconds;
      json["end"] = record->begin_seconds + record->seconds;
    }
    runs.push_back(std::move(json));
  }
  return runs;
}

}  // namespace

std::string results_html(const SweepResults& results, const std::string& directory) {
  const SweepPlan& plan = results.plan;
  Json data;
  data["job"] = job_name(plan.job);
  data["planned_trials"] = plan.trials.size();
  data["parameters"] = plan.parameters;
  data["folds"] = plan.folds;
  data["rungs"] = Json::array();
  for (const Rung& rung : plan.rungs) data["rungs"].push_back(rung.epochs);
  data["results"] = results_summary(results);
  data["tasks"] = Json::array();
  data["runs"] = Json::array();
  for (std::size_t place = 0; place < plan.tasks.size(); ++place) {
    const SweepTask& task = plan.tasks[place];
    if (results.records[place]) data["tasks"].push_back(task_json(plan, task, *results.records[place]));
    for (Json& run : runs_json(directory, task, results.records[place])) data["runs"].push_back(std::move(run));
  }
  return report_page(sweep_report_page, ascii_json_text(data));
}

}  // namespace rankwise
