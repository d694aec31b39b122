#include "slurm/batch/launch_check.hpp"

#include <fmt/format.h>

namespace rankwise::slurm {

namespace {

std::string fault_text(int tasks, std::string_view variable, WorkOf work) {
  if (work == WorkOf::one_rank) {
    return fmt::format(
        "Slurm says {} tasks ({}), MPI says one rank: this job needs one process; start it without srun, "
        "or with srun -n 1",
        tasks, variable);
  }
  return fmt::format(
      "Slurm says {} tasks ({}), MPI says one rank: launch with srun --mpi=pmix or mpirun (srun "
      "--mpi=pmix -n 1 for one rank on purpose)",
      tasks, variable);
}

}  // namespace

std::optional<std::string> launch_fault(const EnvironmentLookup& lookup, int world_size, WorkOf work) {
  if (world_size != 1) return std::nullopt;
  // A step knows better than the allocation around it: `srun -n 1` inside a job of many tasks is one rank on purpose.
  constexpr std::string_view of_allocation = "SLURM_NTASKS";
  for (const std::string_view name : {std::string_view("SLURM_STEP_NUM_TASKS"), of_allocation}) {
    const std::optional<int> tasks = positive_number(lookup, name);
    if (!tasks) continue;
    if (name == of_allocation && work == WorkOf::one_rank) continue;
    if (*tasks == 1) return std::nullopt;
    return fault_text(*tasks, name, work);
  }
  return std::nullopt;
}

}  // namespace rankwise::slurm
