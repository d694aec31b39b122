#pragma once
// Notices a launcher that started several separate programs where one program of several ranks was meant.

#include <optional>
#include <string>

#include "slurm/environment_lookup.hpp"

namespace rankwise::slurm {

/// What is wrong with the launch, as a line for the user: Slurm says that this step (or, outside a step, this
/// allocation) has several tasks, MPI says that the world is one rank. Nothing where they agree or Slurm is not
/// involved.
[[nodiscard]] std::optional<std::string> launch_fault(const EnvironmentLookup& lookup, int world_size);

}  // namespace rankwise::slurm
