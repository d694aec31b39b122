#pragma once
// The job `profile`: dataset -> one row per customer.

#include "jobs/profile/profile_settings.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

/// Collective over context.comm; throws AgreedError.
void profile_customers(const ProfileOptions& options, JobContext& context);

[[nodiscard]] Job profile_job();

}  // namespace rankwise
