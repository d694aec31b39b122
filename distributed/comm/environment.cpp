#include "distributed/comm/environment.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <mpi.h>
#include <string_view>
#include <vector>

#include "distributed/comm/communicator.hpp"

namespace rankwise {

namespace {

/// What launchers set in the environment of each rank: its number, where there is one.
constexpr std::array<const char*, 4> rank_variables{"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"};
constexpr std::array<const char*, 6> launcher_variables{
    "OMPI_COMM_WORLD_SIZE", "OMPI_MCA_ess_base_jobid", "PMIX_NAMESPACE", "PMIX_RANK", "PMI_SIZE", "PMI_FD"};

bool is_set(const char* variable) {
  return std::getenv(variable) != nullptr;
}

/// Environment variables that Open MPI reads when it starts, for the time of its start: what this process starts later,
/// a batch job of many nodes perhaps, must not see them. Whoever has set one keeps what he set.
class StartVariables {
 public:
  StartVariables() = default;
  ~StartVariables() {
    for (const char* const name : set_) unsetenv(name);
  }
  StartVariables(const StartVariables&) = delete;
  StartVariables& operator=(const StartVariables&) = delete;

  void set(const char* name, const char* value) {
    if (is_set(name)) return;
    setenv(name, value, 1);
    set_.push_back(name);
  }

 private:
  std::vector<const char*> set_;
};

/// Whether this process is the only rank, as far as its launcher tells beforehand; or nothing launched it.
bool is_launched_alone() {
  for (const char* const size_of_world : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"}) {
    if (const char* const size = std::getenv(size_of_world)) return std::string_view(size) == "1";
  }
  if (!is_set("PMIX_NAMESPACE")) return true;
  const char* const tasks = std::getenv("SLURM_STEP_NUM_TASKS");
  return tasks != nullptr && std::string_view(tasks) == "1";
}

/// Whether mpirun put all ranks on this node.
bool are_all_on_one_node() {
  const char* const size = std::getenv("OMPI_COMM_WORLD_SIZE");
  const char* const here = std::getenv("OMPI_COMM_WORLD_LOCAL_SIZE");
  return size != nullptr && here != nullptr && std::string_view(size) == here;
}

}  // namespace

bool is_first_of_launch() {
  const auto named = std::ranges::find_if(rank_variables, is_set);
  return named == rank_variables.end() || std::string_view(std::getenv(*named)) == "0";
}

Environment::Environment(int& argc, char**& argv) {
  // Open MPI's TCP writes large messages into the receiver's memory by default, in fragments that only move while both
  // sides poll at the right moments: transfers did not overlap with computing at all, and two directions at once ran
  // one after the other. Plain sends do overlap (docs/PERFORMANCE.md). Whoever sets the variable keeps what he set.
  constexpr int keep_what_is_set = 0;
  setenv("OMPI_MCA_btl_tcp_flags", "send,inplace", keep_what_is_set);
  // Ranks of one node need no network. Looking for one takes time: the libraries of PSM calibrate clocks for 0.2 s, be
  // their hardware there or not, and a sweep starts thousands of such ranks.
  StartVariables variables;
  if (is_launched_alone() || are_all_on_one_node()) variables.set("OMPI_MCA_pml", "ob1");
  // PMIx shares its tables with the launcher by memory with a lock in it: if a rank is killed while it reads them,
  // mpirun waits forever at its end (openpmix issue 1233). Its other store has no lock.
  variables.set("PMIX_MCA_gds", "hash");
  // Without a launcher Open MPI would start its daemon, which takes longer than all else, looks for ssh, and may
  // outlive us. All such ranks of a host would have one session folder, which the first to end takes away from the
  // others: they do without.
  if (std::ranges::none_of(launcher_variables, is_set)) {
    variables.set("OMPI_MCA_ess_singleton_isolated", "1");
    variables.set("OMPI_MCA_orte_create_session_dirs", "0");
    variables.set("OMPI_MCA_sharedfp", "^sm");
  }
  int provided = 0;
  check_mpi(MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided), "MPI_Init_thread");
  // Before any communicator is duplicated: handlers are inherited, and without this return codes never come back.
  for (MPI_Comm comm : {MPI_COMM_WORLD, MPI_COMM_SELF}) {
    check_mpi(MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  }
  if (provided < MPI_THREAD_FUNNELED) throw Error(ExitCode::internal, "this MPI library offers no MPI_THREAD_FUNNELED");
}

Environment::~Environment() {
  MPI_Finalize();
}

void Environment::abort(int exit_code) {
  MPI_Abort(MPI_COMM_WORLD, exit_code);
  std::abort();
}

void Environment::abort_from_any_thread(int exit_code) {
  int begun = 0;
  int over = 0;
  int ranks = 1;
  MPI_Initialized(&begun);
  MPI_Finalized(&over);
  if (begun != 0 && over == 0) MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  if (ranks > 1) MPI_Abort(MPI_COMM_WORLD, exit_code);
  std::_Exit(exit_code);
}

}  // namespace rankwise
