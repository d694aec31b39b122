#include "jobs/run/threads.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <limits>
#include <mpi.h>
#include <omp.h>
#include <optional>
#include <sched.h>
#include <string>

#include "distributed/threads/held_threads.hpp"
#include "distributed/threads/openmp_runtime.hpp"
#include "kernels/process/cpu_quota.hpp"

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

namespace {

/// Kernels and libraries take some 64 KiB of it.
constexpr std::size_t least_stack_bytes = std::size_t{256} << 10;

void require_stacks() {
  const std::size_t bytes = thread_stack_bytes();
  if (bytes >= least_stack_bytes) return;
  throw Error(ExitCode::usage,
              fmt::format("a thread's stack has {} KiB by OMP_STACKSIZE or ulimit -s; expected {} KiB or more",
                          bytes >> 10, least_stack_bytes >> 10));
}

/// Out of `wanted`, this thread included. Ranks of a node share limits, so all hold theirs until each has counted.
int startable_threads(const Communicator& comm, int wanted) {
  constexpr int of_other_kinds = 2;  // a rank's watch, and whoever writes behind the run
  const HeldThreads held(wanted - 1 + of_other_kinds, thread_stack_bytes());
  comm.barrier();
  return std::max(1, 1 + held.count() - of_other_kinds);
}

}  // namespace

int start_threads(const Communicator& comm, int wanted) {
  int threads = std::min(wanted, omp_get_thread_limit());
  omp_set_num_threads(threads);
  if (comm.max(Index{threads}) == 1) return threads;
  agree_on(comm, require_stacks);
  threads = startable_threads(comm, threads);
  const Communicator node = comm.node();
  if (node.sum(Index{threads}) > processors_of_node(node)) let_threads_sleep();
  omp_set_num_threads(threads);
  // The runtime keeps its threads: later, memory or another process may have taken their place.
#pragma omp parallel
  {}
  return threads;
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
