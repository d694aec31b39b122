#pragma once
// From what a run threw to an exit code, without leaving other ranks behind.

#include <cstddef>
#include <functional>
#include <string>

#include "distributed/comm/communicator.hpp"

namespace rankwise {

/// Runs `body` on this rank and returns the exit code of the process. An AgreedError is printed by the root and its
/// code returned by every rank, so that MPI can be finalized. Anything else is known to this rank alone: it is printed
/// with the rank, and all ranks are ended at once, because to unwind to MPI_Finalize would leave the others waiting for
/// ever. A world of one rank always finalizes. Also makes sure that results have reached standard output. Collective
/// over comm.
[[nodiscard]] int outcome(const Communicator& comm, const std::function<void()>& body);

/// Ends all ranks with one line for what was thrown, and its exit code. For std::set_terminate: an exception that
/// leaves a thread of an OpenMP region, such as std::bad_alloc, can be caught by nobody.
[[noreturn]] void end_uncaught();

/// "out of memory: 1.25 GiB were asked for in phase 'read'"; 0 bytes: it is not known how many, an empty phase: in
/// none.
[[nodiscard]] std::string out_of_memory_text(std::size_t bytes, const std::string& phase);

/// Prints `rankwise: text` on standard error.
void print_error(const std::string& text);

}  // namespace rankwise
