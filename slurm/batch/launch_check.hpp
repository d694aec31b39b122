#pragma once
// Notices a launcher that started several separate programs where one program of several ranks was meant.

#include <optional>
#include <string>

#include "slurm/process/environment_lookup.hpp"

namespace rankwise::slurm {

/// Who does a program's work.
enum class WorkOf { all_ranks, one_rank };

/// What is wrong with the launch, as a line for the user: Slurm says that this step (or, outside a step, this
/// allocation) has several tasks, MPI says that the world is one rank. Nothing if they agree or Slurm is not involved.
/// Work of one rank may be started without a launcher in an allocation of any size; in a step of several tasks it would
/// be done several times at once.
[[nodiscard]] std::optional<std::string> launch_fault(const EnvironmentLookup& lookup, int world_size, WorkOf work);

}  // namespace rankwise::slurm
