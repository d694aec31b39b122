#pragma once
// DIR/plan.json: a sweep's plan as later commands read it.

#include <string>

#include "jobs/sweep_plan.hpp"

namespace rankwise {

[[nodiscard]] std::string plan_json(const SweepPlan& plan);

/// The plan that the text of `path` holds, each number in its range and each task in its place. Throws Error(bad_data),
/// one line with file and place.
[[nodiscard]] SweepPlan parse_plan(const std::string& text, const std::string& path);

/// The plan of a sweep's directory, as require_own_keys(). Throws Error (no_input, bad_data).
[[nodiscard]] SweepPlan read_plan(const std::string& directory);

/// Throws Error(bad_data) where a trial's arguments are not those of its point, or a task's key is not that of what it
/// would do. Only the version that made a plan can tell, and may run it: plans of another one pass. `path`: as for
/// parse_plan().
void require_own_keys(const SweepPlan& plan, const std::string& path);

}  // namespace rankwise
