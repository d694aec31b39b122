#pragma once
// `rankwise segments`: who the customers of a segment are, and what has changed since last quarter.

#include "jobs/run/job.hpp"
#include "jobs/segments/segments_settings.hpp"

namespace rankwise {

/// Describes segments, compares them with last quarter's, and writes what may be printed of it. Collective over
/// context.comm; throws AgreedError.
void describe_segments(const SegmentsOptions& options, JobContext& context);

[[nodiscard]] Job segments_job();

}  // namespace rankwise
