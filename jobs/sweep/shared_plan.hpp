#pragma once
// What the root reads in a sweep's folder, for all ranks.

#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "jobs/sweep/plan/plan.hpp"

namespace rankwise {

/// The root reads the plan, for all; as read_plan_of_tasks(), or, where no tasks are named, as read_plan(). Collective;
/// throws AgreedError (no_input, bad_data).
[[nodiscard]] SweepPlan shared_plan(const Communicator& comm, const std::string& directory,
                                    const std::vector<std::string>& tasks);

/// What trainings in the sweep's folder are given of its settings: --lock. Collective.
[[nodiscard]] std::vector<std::string> locking_arguments(const Communicator& comm, const std::string& directory);

/// What the root finds, for all. Collective; throws AgreedError.
template <class Question>
[[nodiscard]] bool root_finds(const Communicator& comm, const Question& question) {
  return comm.max(Index{agree_on(comm, [&] { return comm.is_root() && question(); })}) != 0;
}

}  // namespace rankwise
