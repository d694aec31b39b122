#pragma once
// Which trainings of a sweep follow each other: regularization paths, and tasks that one program does one after the
// other. Pure functions of the plan.

#include <cstddef>
#include <string>
#include <vector>

#include "jobs/sweep/plan/plan.hpp"

namespace rankwise {

/// Sets Trial::after: trials that differ in their regularization alone become a path from the largest to the smallest,
/// equal ones in the order of the plan.
void link_paths(SweepPlan& plan);

/// The trials from the beginning of its path to this one, which is the last; itself alone where there are no paths.
[[nodiscard]] std::vector<std::size_t> path_to(const SweepPlan& plan, std::size_t trial);

/// All trials, paths whole and in their order, in groups of at least SweepPlan::trials_per_program as far as there are
/// so many: one program does those of a group that are wanted on one fold, as far as one rung.
[[nodiscard]] std::vector<std::vector<std::size_t>> trials_of_programs(const SweepPlan& plan);

}  // namespace rankwise
