#pragma once
// A maximum over ranks that is found while they compute.

#include <memory>
#include <mpi.h>

#include "distributed/comm/communicator.hpp"

namespace rankwise {

/// The maximum of one value per rank, on every rank. Every rank constructs its own, in the order of its other
/// collective calls on comm, and none waits for the others there. is_done() and wait() are for the thread that calls
/// MPI.
class PendingMax {
 public:
  PendingMax(const Communicator& comm, Index mine);
  ~PendingMax();
  PendingMax(const PendingMax&) = delete;
  PendingMax& operator=(const PendingMax&) = delete;

  /// Whether every rank has come; lets MPI move what is on its way.
  [[nodiscard]] bool is_done();
  /// Waits for all ranks.
  [[nodiscard]] Index wait();

 private:
  struct Values {
    Index mine = 0;
    Index maximum = 0;
  };
  std::unique_ptr<Values> values_;
  MPI_Request request_ = MPI_REQUEST_NULL;
};

}  // namespace rankwise
