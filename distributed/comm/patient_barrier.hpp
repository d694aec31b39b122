#pragma once
// Waiting without work: for ranks that leave the processors to others.

#include "distributed/comm/communicator.hpp"

namespace rankwise {

/// A barrier whose waiting ranks sleep and look every few milliseconds (MPI's own spins, and takes a core from whoever
/// is measured beside it). Late by some of these looks. Collective over comm.
void patient_barrier(const Communicator& comm);

}  // namespace rankwise
