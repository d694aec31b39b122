#include "distributed/environment.hpp"

#include <cstdlib>
#include <mpi.h>
#include <string_view>

#include "distributed/communicator.hpp"

namespace rankwise {

namespace {

/// Whether this process is the only rank, as far as its launcher tells beforehand; or nothing launched it.
bool is_launched_alone() {
  for (const char* const size_of_world : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"}) {
    if (const char* const size = std::getenv(size_of_world)) return std::string_view(size) == "1";
  }
  if (std::getenv("PMIX_NAMESPACE") == nullptr) return true;
  const char* const tasks = std::getenv("SLURM_STEP_NUM_TASKS");
  return tasks != nullptr && std::string_view(tasks) == "1";
}

}  // namespace

Environment::Environment(int& argc, char**& argv) {
  // Open MPI's TCP writes large messages into the receiver's memory by default, in fragments that only move while both
  // sides poll at the right moments: transfers did not overlap with computing at all, and two directions at once ran
  // one after the other. Plain sends do overlap (docs/PERFORMANCE.md). Whoever sets the variable keeps what he set.
  constexpr int keep_what_is_set = 0;
  setenv("OMPI_MCA_btl_tcp_flags", "send,inplace", keep_what_is_set);
  // A rank alone needs no network. Looking for one takes time: the libraries of PSM calibrate clocks for 0.2 s, be
  // their hardware there or not, and a sweep starts thousands of such ranks.
  const bool chooses_transport = is_launched_alone() && std::getenv("OMPI_MCA_pml") == nullptr;
  if (chooses_transport) setenv("OMPI_MCA_pml", "ob1", keep_what_is_set);
  int provided = 0;
  check_mpi(MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided), "MPI_Init_thread");
  // What this rank starts, a batch job of many nodes perhaps, needs the network.
  if (chooses_transport) unsetenv("OMPI_MCA_pml");
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

}  // namespace rankwise
