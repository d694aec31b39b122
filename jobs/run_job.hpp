#pragma once
// From the arguments to a job that runs.

#include <span>
#include <string>

#include "distributed/communicator.hpp"
#include "jobs/job.hpp"
#include "kernels/error.hpp"

namespace rankwise {

/// Every job, in the order of --help.
[[nodiscard]] std::span<const Job> all_jobs();

/// Runs `rankwise arguments`. Collective over comm; what the user did wrong is thrown as AgreedError.
void run_job(const Communicator& comm, std::span<const std::string> arguments);

}  // namespace rankwise
