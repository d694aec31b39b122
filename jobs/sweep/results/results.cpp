#include "jobs/sweep/results/results.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "io/config/json_text.hpp"
#include "io/text/csv_field.hpp"
#include "jobs/sweep/state/user_values.hpp"

namespace rankwise {

namespace {

std::string csv_line(const std::vector<std::string>& fields) {
  std::vector<std::string> quoted;
  for (const std::string& field : fields) quoted.push_back(csv_field(field));
  return fmt::format("{}\n", fmt::join(quoted, ","));
}

/// How a task's trial compares with the best of its rung; empty of one that went on to a later rung, or is the best.
void append_pair(const SweepResults& results, const SweepTask& task, std::vector<std::string>& fields) {
  const auto score = std::ranges::find_if(
      results.ranked, [&](const TrialScore& each) { return each.trial == task.trial && each.rung == task.rung; });
  const auto best = std::ranges::find(results.ranked, task.rung, &TrialScore::rung);
  const bool is_compared = score != results.ranked.end() && score != best;
  const PairedTest& pair = is_compared ? score->behind_best : PairedTest();
  for (const double number : {pair.difference, pair.standard_error, pair.p})
    fields.push_back(is_compared ? fmt::format("{}", number) : "");
}

}  // namespace

const TrialScore* SweepResults::runner_up() const {
  for (std::size_t place = 0; place < ranked.size(); ++place) {
    if (place != chosen && ranked[place].rung == winner().rung) return &ranked[place];
  }
  return nullptr;
}

Index SweepResults::trained_epochs() const {
  Index epochs = 0;
  for (const auto& record : records) epochs += record ? record->epochs - record->resumed_epochs : 0;
  return epochs;
}

SweepCost SweepResults::cost() const {
  SweepCost sum;
  for (std::size_t trial = 0; trial < plan.trials.size(); ++trial) {
    const SweepCost cost = cost_of(trial);
    sum.core_hours += cost.core_hours;
    sum.predicted_core_hours += cost.predicted_core_hours;
    sum.memory_bytes = std::max(sum.memory_bytes, cost.memory_bytes);
    sum.predicted_memory_bytes = std::max(sum.predicted_memory_bytes, cost.predicted_memory_bytes);
  }
  return sum;
}

SweepCost SweepResults::cost_of(std::size_t trial) const {
  constexpr double seconds_per_hour = 3600;
  const bool is_predicted = plan.trials[trial].epoch_seconds > 0;
  SweepCost cost;
  for (std::size_t rung = 0; rung < plan.rungs.size(); ++rung) {
    for (std::size_t fold = 0; fold < plan.folds.size(); ++fold) {
      const std::size_t place = plan.task_place(trial, fold, rung);
      const auto& record = records[place];
      if (!record) continue;
      cost.core_hours += record->seconds * record->ranks * record->threads_per_rank / seconds_per_hour;
      cost.memory_bytes = std::max(cost.memory_bytes, record->memory_bytes);
      if (!is_predicted) continue;
      cost.predicted_core_hours +=
          plan.predicted_seconds(plan.tasks[place]) * plan.ranks * plan.threads_per_rank / seconds_per_hour;
      cost.predicted_memory_bytes = plan.trials[trial].memory_bytes;
    }
  }
  return cost;
}

std::string missing_text(const SweepResults& results) {
  constexpr std::size_t told_tasks = 8;
  const std::size_t count = results.missing.size();
  if (count == 0) return {};
  const auto done = std::ranges::count_if(results.records, [](const auto& record) { return record.has_value(); });
  std::vector<std::string> names;
  for (const std::size_t place : results.missing) names.push_back(results.plan.tasks[place].name);
  names.resize(std::min(names.size(), told_tasks));
  if (count > told_tasks) names.push_back(fmt::format("{} more", count - told_tasks));
  return fmt::format("{} of {} tasks have no record yet: {}", count, done + std::ssize(results.missing),
                     fmt::join(names, ", "));
}

SweepResults sweep_results(const SweepPlan& plan, const std::string& directory) {
  SweepResults results{.plan = plan,
                       .records = read_records(plan, directory),
                       .ranked = {},
                       .as_good = {},
                       .importance = {},
                       .notes = {},
                       .missing = {}};
  results.user_values_fault = add_user_values(plan, directory, results.records);
  results.ranked = ranked_scores(plan, results.records);
  results.missing = missing_tasks(plan, results.records);
  if (results.ranked.empty()) {
    const std::string why =
        results.missing.empty() ? fmt::format("{} is not defined for any", plan.metric()) : missing_text(results);
    throw Error(ExitCode::bad_data,
                fmt::format("{}: no trial is done on all folds: {}; rankwise sweep status {} shows more", directory,
                            why, directory));
  }
  const Selection selection = selected(plan, results.ranked);
  results.chosen = selection.chosen;
  results.as_good = selection.as_good;
  results.importance = parameter_importance(plan, results.records);
  results.notes = leakage_notes(plan, results.paired_users());
  return results;
}

std::string results_csv(const SweepResults& results) {
  const SweepPlan& plan = results.plan;
  std::vector<std::string> names{"trial", "rung", "epochs", "fold"};
  names.insert(names.end(), plan.parameters.begin(), plan.parameters.end());
  std::vector<std::string> metrics;
  for (const auto& record : results.records) {
    if (!record) continue;
    for (const auto& [name, value] : record->metrics) metrics.push_back(name);
    break;
  }
  names.insert(names.end(), metrics.begin(), metrics.end());
  names.insert(names.end(), {"loss", "seconds", "predicted_seconds", "memory_bytes", "predicted_memory_bytes"});
  const bool has_pairs = results.paired_users() > 0;
  if (has_pairs) names.insert(names.end(), {"behind_best", "behind_best_standard_error", "behind_best_p"});
  std::string csv = csv_line(names);
  for (std::size_t place = 0; place < plan.tasks.size(); ++place) {
    const auto& record = results.records[place];
    if (!record) continue;
    const SweepTask& task = plan.tasks[place];
    const Trial& trial = plan.trials[task.trial];
    std::vector<std::string> fields{std::to_string(task.trial + 1), std::to_string(task.rung),
                                    std::to_string(record->epochs), plan.folds[task.fold]};
    for (const std::string& name : plan.parameters) {
      const auto found = std::ranges::find(trial.point, name, &Assignment::name);
      fields.push_back(found == trial.point.end() ? "" : found->value);
    }
    for (const std::string& name : metrics) fields.push_back(fmt::format("{}", record->metrics.at(name)));
    fields.push_back(record->losses.empty() ? "" : fmt::format("{}", record->losses.back()));
    for (const double number :
         {record->seconds, plan.predicted_seconds(task), record->memory_bytes, trial.memory_bytes}) {
      fields.push_back(fmt::format("{:.6g}", number));
    }
    if (has_pairs) append_pair(results, task, fields);
    csv += csv_line(fields);
  }
  return csv;
}

std::string winner_ini(const SweepResults& results) {
  const SweepPlan& plan = results.plan;
  const TrialScore& winner = results.winner();
  std::string text = fmt::format("# trial {}: {} {} over {} folds\n", winner.trial + 1, plan.metric(), winner.mean,
                                 winner.folds.size());
  for (const Assignment& assignment : plan.trials[winner.trial].point) {
    text += fmt::format("{} = {}\n", assignment.name, assignment.value);
  }
  if (has_epochs(plan.job)) text += fmt::format("epochs = {}\n", plan.rungs.back().epochs);
  return text + fmt::format("seed = {}\n", plan.seed);
}

}  // namespace rankwise
