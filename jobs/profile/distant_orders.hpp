#pragma once
// Orders with wrong dates, which would decide when a log ends.

#include <cstdint>
#include <span>
#include <string>

#include "jobs/run/job.hpp"

namespace rankwise {

/// Warns of orders that lie far from all others in time (log_span()): days, weeks and recency are counted from the last
/// one. `times_seconds`: of this rank's orders. Collective over context.comm.
void warn_of_distant_orders(const JobContext& context, const std::string& data,
                            std::span<const std::int64_t> times_seconds);

}  // namespace rankwise
