#pragma once
// What doctor finds out about Slurm: its limits, and a small job in which launchers and signals are tried.

#include <optional>
#include <string>
#include <vector>

#include "jobs/doctor/findings.hpp"
#include "slurm/batch/sbatch_file.hpp"

namespace rankwise {

/// The job that is tried, and where its files go while it runs.
struct SlurmTrial {
  slurm::SbatchHeader header;
  std::string folder;        ///< on a file system that the nodes share; exists
  double most_seconds = 60;  ///< to wait for the job to begin, and again to end
};

/// Nothing where there is no Slurm (no client, or none that answers).
[[nodiscard]] std::optional<std::string> slurm_version();

/// What scontrol says that matters to runs and sweeps.
[[nodiscard]] std::vector<Finding> findings_of_configuration();

/// Runs the job: `srun --mpi=pmix` and mpirun inside it, what the ranks see, and whether a signal to the job reaches
/// them. Cancels it where it does not begin or end in time.
[[nodiscard]] std::vector<Finding> findings_of_trial(const SlurmTrial& trial);

}  // namespace rankwise
