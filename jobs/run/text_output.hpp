#pragma once
// Text files that the root has for a job's user.

#include <string>

#include "jobs/run/job.hpp"

namespace rankwise {

/// Writes the root's text whole or not at all, and says so; nothing for an empty path. Collective over context.comm;
/// throws AgreedError (cannot_create, io_error).
void write_from_root(JobContext& context, const std::string& path, const std::string& text);

}  // namespace rankwise
