#pragma once
// `rankwise sweep status` and `sweep cancel`.

#include <cstddef>
#include <optional>
#include <string>

#include "jobs/run/job.hpp"
#include "slurm/work/scheduler.hpp"

namespace rankwise {

/// Marks the sweep as cancelled and takes its tasks out of the queue; tells how many were in it. Throws Error.
std::size_t cancel_sweep(const std::string& directory);

/// A task or job of the sweep that waits or runs; nothing where there is none, or the sweep was never run. Throws
/// Error, io_error where the scheduler does not answer.
[[nodiscard]] std::optional<slurm::ItemState> queued_item(const std::string& directory);

[[nodiscard]] Job sweep_status_job();
[[nodiscard]] Job sweep_cancel_job();

}  // namespace rankwise
