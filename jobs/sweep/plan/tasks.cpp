#include "jobs/sweep/plan/tasks.hpp"

#include <fmt/format.h>

#include "io/files/content_hash.hpp"
#include "jobs/options/options.hpp"
#include "jobs/sweep/plan/programs.hpp"
#include "jobs/sweep/plan/swept_options.hpp"

namespace rankwise {

std::string resolved_configuration(SweptJob job, const std::vector<std::string>& arguments) {
  JobOptions options(job_of(job));
  options.parse_command_line(with_named_files(job, arguments));
  options.resolve(1);
  options.run().check();
  return options.configuration();
}

std::vector<std::string> task_arguments(const SweepPlan& plan, const SweepTask& task) {
  std::vector<std::string> arguments = plan.trials[task.trial].arguments;
  const std::string& fold = plan.folds[task.fold];
  if (!trains_on_folds(plan.job)) {
    arguments.insert(arguments.end(), {"--seed", fold.substr(fold.find(':') + 1)});
    return arguments;
  }
  arguments.insert(arguments.end(), {"--fold", fold});
  if (has_epochs(plan.job)) {
    arguments.insert(arguments.end(), {"--epochs", std::to_string(plan.rungs[task.rung].epochs)});
  }
  arguments.insert(arguments.end(), {"--seed", std::to_string(plan.seed)});
  return arguments;
}

void place_tasks(SweepPlan& plan) {
  if (plan.has_paths) link_paths(plan);
  plan.tasks.clear();
  for (std::size_t rung = 0; rung < plan.rungs.size(); ++rung) {
    for (std::size_t trial = 0; trial < plan.trials.size(); ++trial) {
      for (std::size_t fold = 0; fold < plan.folds.size(); ++fold) {
        const std::string name = fmt::format("t{}.f{}.r{}", trial + 1, fold + 1, rung);
        plan.tasks.push_back({trial, fold, rung, name, name, {}});
      }
    }
  }
  const std::vector<std::vector<std::size_t>> programs = trials_of_programs(plan);
  for (std::size_t number = 0; number < programs.size(); ++number) {
    if (programs[number].size() == 1) continue;
    for (const std::size_t trial : programs[number]) {
      for (std::size_t fold = 0; fold < plan.folds.size(); ++fold) {
        for (std::size_t rung = 0; rung < plan.rungs.size(); ++rung) {
          plan.tasks[plan.task_place(trial, fold, rung)].program =
              fmt::format("p{}.f{}.r{}", number + 1, fold + 1, rung);
        }
      }
    }
  }
}

std::string task_key(const SweepPlan& plan, const SweepTask& task, std::string_view configuration) {
  std::string text = fmt::format("rankwise {}\ndataset {:016x}\nmetrics {}\n{} {}\n", plan.version, plan.dataset_digest,
                                 plan.metrics, job_name(plan.job), configuration);
  if (plan.tables_digest != 0) text += fmt::format("tables {:016x}\n", plan.tables_digest);
  if (const auto after = plan.trials[task.trial].after) {
    text += fmt::format("after {}\n", plan.task(*after, task.fold, task.rung).key);
  }
  return content_hash(text);
}

void key_task(SweepPlan& plan, std::size_t place) {
  // What it begins with follows from what the trainings before on its path are.
  for (const std::size_t trial : path_to(plan, plan.tasks[place].trial)) {
    SweepTask& task = plan.tasks[plan.task_place(trial, plan.tasks[place].fold, plan.tasks[place].rung)];
    if (!task.key.empty()) continue;
    task.key = task_key(plan, task, resolved_configuration(plan.job, task_arguments(plan, task)));
  }
}

void name_tasks(SweepPlan& plan) {
  place_tasks(plan);
  for (std::size_t place = 0; place < plan.tasks.size(); ++place) key_task(plan, place);
}

}  // namespace rankwise
