#pragma once
// How many threads a rank runs when nobody says.

#include <optional>

#include "distributed/comm/communicator.hpp"
#include "slurm/process/environment_lookup.hpp"

namespace rankwise {

/// Processors that the ranks of `node` see together, bound or not. Collective over node.
[[nodiscard]] int visible_processors(const Communicator& node);

/// The smallest quota of their control groups, in processors (kernels/process/cpu_quota.hpp); nothing without one.
/// Collective over node.
[[nodiscard]] std::optional<int> quota_of_node(const Communicator& node);

/// Processors that the ranks of `node` may run on together, bound or not, and no more than their quota.
/// Collective over node.
[[nodiscard]] int processors_of_node(const Communicator& node);

/// Processors that this rank may call its own: those that the ranks of its node may run on together, shared evenly; at
/// least 1. Collective over comm.
[[nodiscard]] int processors_per_rank(const Communicator& comm);

/// Starts this rank's threads and returns how many there are, the first included: `wanted`, or fewer if the system or
/// OMP_THREAD_LIMIT refuses some. They wait for work from then on, asleep if the ranks of a node have more threads than
/// it has processors for them. Throws Error(usage) if their stacks are too small. Collective over comm.
[[nodiscard]] int start_threads(const Communicator& comm, int wanted);

/// The first that is set of OMP_NUM_THREADS, SLURM_CPUS_PER_TASK and `processors`.
[[nodiscard]] int default_threads(const slurm::EnvironmentLookup& lookup, int processors);

}  // namespace rankwise
