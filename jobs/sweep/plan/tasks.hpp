#pragma once
// The tasks of a plan: their names, what each asks of its job, and the keys of their records.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "jobs/sweep/plan/plan.hpp"

namespace rankwise {

/// Links paths, and writes tasks with their names and programs, from all else in the plan.
void place_tasks(SweepPlan& plan);
/// The same, and keys. Throws Error(usage) where a trial's arguments do not fit the job.
void name_tasks(SweepPlan& plan);
/// Writes the key of the task at this place and of those before it on its path, where they have none. Throws as
/// name_tasks().
void key_task(SweepPlan& plan, std::size_t place);

/// The key of a task of the plan whose job has this resolved configuration; of those before it on its path the plan has
/// the keys.
[[nodiscard]] std::string task_key(const SweepPlan& plan, const SweepTask& task, std::string_view configuration);

/// Arguments of the job itself for a task, but for its files.
[[nodiscard]] std::vector<std::string> task_arguments(const SweepPlan& plan, const SweepTask& task);

/// Resolved configuration of `job arguments`, as output files carry it; files may be missing in `arguments`. Throws
/// Error(usage).
[[nodiscard]] std::string resolved_configuration(SweptJob job, const std::vector<std::string>& arguments);

}  // namespace rankwise
