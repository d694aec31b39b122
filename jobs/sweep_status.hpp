#pragma once
// `rankwise sweep status` and `sweep cancel`.

#include <cstddef>
#include <string>

#include "jobs/job.hpp"

namespace rankwise {

/// Marks the sweep as cancelled and takes its tasks out of the queue; tells how many were in it. Throws Error.
std::size_t cancel_sweep(const std::string& directory);

[[nodiscard]] Job sweep_status_job();
[[nodiscard]] Job sweep_cancel_job();

}  // namespace rankwise
