#pragma once
// What the user's environment may say to sbatch: where jobs go. Slurm lets a variable beat the script's own line, and
// squeue and scancel pass by what variables exclude, so that nothing else of theirs reaches a client.

#include <string>
#include <string_view>
#include <vector>

namespace rankwise::slurm {

/// Variables of this process's environment, "NAME=value", that sbatch gets beside this script: SBATCH_ACCOUNT,
/// SBATCH_PARTITION, SBATCH_QOS, SBATCH_RESERVATION and SBATCH_CLUSTERS (or SLURM_CLUSTERS, under that name), each as
/// far as no #SBATCH line of the script states its option.
[[nodiscard]] std::vector<std::string> places_for(std::string_view script);

/// Names of this environment's SBATCH_ variables that sbatch does not get beside this script, ascending.
[[nodiscard]] std::vector<std::string> dropped_beside(std::string_view script);

/// Clusters, separated by commas, of which sbatch takes one for this script; empty: the one that SLURM_CONF names.
[[nodiscard]] std::string clusters_for(std::string_view script);

}  // namespace rankwise::slurm
