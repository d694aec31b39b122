#include "jobs/threads.hpp"

#include <algorithm>
#include <limits>
#include <mpi.h>
#include <sched.h>
#include <string>

#include "jobs/cpu_quota.hpp"

namespace rankwise {

int visible_processors(const Communicator& node) {
  // A rank's own mask tells too little: bound ranks have one each, unbound ones all see the same processors.
  cpu_set_t processors;
  CPU_ZERO(&processors);
  if (sched_getaffinity(0, sizeof processors, &processors) != 0) CPU_SET(0, &processors);
  check_mpi(
      MPI_Allreduce(MPI_IN_PLACE, &processors, static_cast<int>(sizeof processors), MPI_BYTE, MPI_BOR, node.handle()),
      "MPI_Allreduce");
  return CPU_COUNT(&processors);
}

std::optional<int> quota_of_node(const Communicator& node) {
  // The ranks of a node are usually in one group, and share its quota.
  constexpr Index none = std::numeric_limits<Index>::max();
  const std::optional<int> mine = cpu_quota();
  const Index least = node.min(mine ? Index{*mine} : none);
  return least == none ? std::nullopt : std::optional(static_cast<int>(least));
}

int processors_of_node(const Communicator& node) {
  const int visible = visible_processors(node);
  return std::min(visible, quota_of_node(node).value_or(visible));
}

int processors_per_rank(const Communicator& comm) {
  const Communicator node = comm.node();
  return std::max(1, processors_of_node(node) / node.size());
}

int default_threads(const slurm::EnvironmentLookup& lookup, int processors) {
  // OMP_NUM_THREADS may be a list, one number per nesting level: the first is ours.
  const auto first_of_list = [&lookup](std::string_view name) -> std::optional<std::string> {
    const std::optional<std::string> list = lookup(name);
    return list ? std::optional(list->substr(0, list->find(','))) : std::nullopt;
  };
  if (const auto threads = slurm::positive_number(first_of_list, "OMP_NUM_THREADS")) return *threads;
  if (const auto threads = slurm::positive_number(lookup, "SLURM_CPUS_PER_TASK")) return *threads;
  return std::max(1, processors);
}

}  // namespace rankwise
