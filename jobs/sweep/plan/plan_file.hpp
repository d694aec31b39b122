#pragma once
// DIR/plan.json: a sweep's plan as later commands read it.

#include <string>
#include <vector>

#include "jobs/sweep/plan/plan.hpp"

namespace rankwise {

[[nodiscard]] std::string plan_json(const SweepPlan& plan);

/// The plan that the text of `path` holds, each number in its range and each task in its place. Throws Error(bad_data),
/// one line with file and place.
[[nodiscard]] SweepPlan parse_plan(const std::string& text, const std::string& path);

/// The plan of a sweep's directory. Throws Error: no_input; and bad_data, as parse_plan() and where the arguments of a
/// trial are not those of its point, or the key of a task is not that of what it would do. Only the version that made a
/// plan can tell, and may run it: those of other versions pass.
[[nodiscard]] SweepPlan read_plan(const std::string& directory);

/// The same, but of trials and keys only those of these tasks are compared: all others are not the reader's business,
/// and of many they take longer than a task.
[[nodiscard]] SweepPlan read_plan_of_tasks(const std::string& directory, const std::vector<std::string>& tasks);

}  // namespace rankwise
