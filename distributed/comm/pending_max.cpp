#include "distributed/comm/pending_max.hpp"

#include "distributed/comm/messages.hpp"

namespace rankwise {

PendingMax::PendingMax(const Communicator& comm, Index mine) : values_(std::make_unique<Values>()) {
  values_->mine = mine;
  check_mpi(MPI_Iallreduce(&values_->mine, &values_->maximum, 1, mpi_type<Index>(), MPI_MAX, comm.handle(), &request_),
            "MPI_Iallreduce");
}

PendingMax::~PendingMax() {
  // MPI writes there until all ranks have come, which they do not where a run ends before: it is left to MPI then.
  if (request_ != MPI_REQUEST_NULL) static_cast<void>(values_.release());
}

bool PendingMax::is_done() {
  int is_done = 0;
  check_mpi(MPI_Test(&request_, &is_done, MPI_STATUS_IGNORE), "MPI_Test");
  return is_done != 0;
}

Index PendingMax::wait() {
  check_mpi(MPI_Wait(&request_, MPI_STATUS_IGNORE), "MPI_Wait");
  return values_->maximum;
}

}  // namespace rankwise
