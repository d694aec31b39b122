#include "distributed/comm/patient_barrier.hpp"

#include <algorithm>
#include <chrono>
#include <mpi.h>
#include <thread>

namespace rankwise {

void patient_barrier(const Communicator& comm) {
  constexpr std::chrono::microseconds shortest{50};
  constexpr std::chrono::microseconds longest{5000};
  MPI_Request arrival = MPI_REQUEST_NULL;
  check_mpi(MPI_Ibarrier(comm.handle(), &arrival), "MPI_Ibarrier");
  for (std::chrono::microseconds pause = shortest;; pause = std::min(2 * pause, longest)) {
    int all_are_here = 0;
    check_mpi(MPI_Test(&arrival, &all_are_here, MPI_STATUS_IGNORE), "MPI_Test");
    if (all_are_here != 0) return;
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace rankwise
