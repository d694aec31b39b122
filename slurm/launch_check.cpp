#include "slurm/launch_check.hpp"

#include <fmt/format.h>

namespace rankwise::slurm {

std::optional<std::string> launch_fault(const EnvironmentLookup& lookup, int world_size) {
  if (world_size != 1) return std::nullopt;
  // A step knows better than the allocation around it: `srun -n 1` inside a job of many tasks is one rank on purpose.
  for (const std::string_view name : {"SLURM_STEP_NUM_TASKS", "SLURM_NTASKS"}) {
    const std::optional<int> tasks = positive_number(lookup, name);
    if (!tasks) continue;
    if (*tasks == 1) return std::nullopt;
    return fmt::format(
        "Slurm says {} tasks ({}), MPI says one rank: launch with srun --mpi=pmix or mpirun (srun --mpi=pmix -n 1 for "
        "one "
        "rank on purpose)",
        *tasks, name);
  }
  return std::nullopt;
}

}  // namespace rankwise::slurm
