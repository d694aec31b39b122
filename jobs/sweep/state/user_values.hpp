#pragma once
// What each user got in a trial. One fold has no pairs of folds: trials are then compared by its users.

#include <string>

#include "jobs/sweep/plan/plan.hpp"
#include "jobs/sweep/state/records.hpp"

namespace rankwise {

/// Whether tasks of the plan keep the values of their users: of als on one fold, if the metric that decides is a mean
/// over users.
[[nodiscard]] bool keeps_user_values(const SweepPlan& plan);

/// DIR/users/<key>.h5, as evaluate --per-user writes it. It is there before the task's record is.
[[nodiscard]] std::string user_values_path(const std::string& directory, const SweepTask& task);

/// Gives each record its TaskRecord::user_values, all on the same users; or if a file is missing, damaged or of
/// another evaluation than its record, none of them, and says why in a line. Empty if all have them, or the plan keeps
/// none. For one rank.
[[nodiscard]] std::string add_user_values(const SweepPlan& plan, const std::string& directory, Records& records);

/// Copies the files of tasks that have a record in another sweep's folder, before take_over_records takes these. For
/// one rank; throws Error(cannot_create).
void take_over_user_values(const SweepPlan& plan, const std::string& other, const std::string& directory);

}  // namespace rankwise
