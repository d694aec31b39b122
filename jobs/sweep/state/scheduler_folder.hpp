#pragma once
// The scheduler that works for a folder, of a sweep or a chain, and what it is given to run.

#include <memory>
#include <string>
#include <vector>

#include "io/hdf5/input_check.hpp"
#include "jobs/sweep/state/settings.hpp"
#include "slurm/work/scheduler.hpp"

namespace rankwise {

/// The scheduler of the directory that the settings name.
[[nodiscard]] std::unique_ptr<slurm::Scheduler> make_scheduler(const std::string& directory,
                                                               const RunSettings& settings);
[[nodiscard]] std::string scheduler_folder(const std::string& directory);

/// The last lines of an item's log; empty where it has none.
[[nodiscard]] std::vector<std::string> log_tail(const std::string& directory, const std::string& item);

/// This program's own file.
[[nodiscard]] std::string own_program();

/// Gives a command the choice that this one was given; nothing where it is the default.
void add_input_check(InputCheck check, std::vector<std::string>& command);

}  // namespace rankwise
