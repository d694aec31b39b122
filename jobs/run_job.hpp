#pragma once
// From the arguments to a job that runs.

#include <optional>
#include <span>
#include <string>

#include "distributed/comm/communicator.hpp"
#include "jobs/run/job.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

/// Every job, in the order of --help.
[[nodiscard]] std::span<const Job> all_jobs();

/// What `rankwise arguments` prints if they ask for help or the version; nothing if they name a job to run, or are
/// wrong. Needs no MPI.
[[nodiscard]] std::optional<std::string> text_without_job(std::span<const std::string> arguments);

/// Whether the arguments name a job that a signal may stop after a checkpoint. Needs no MPI.
[[nodiscard]] bool stops_on_request(std::span<const std::string> arguments);

/// Prints the text, on the first rank of a launch, and returns the exit code. Throws Error(io_error).
[[nodiscard]] int print_alone(const std::string& text);

/// Runs `rankwise arguments`, which name a job or are wrong. Collective over comm; what the user did wrong is thrown as
/// AgreedError.
void run_job(const Communicator& comm, std::span<const std::string> arguments);

}  // namespace rankwise
