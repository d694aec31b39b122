#pragma once
// Applies the rules to an indexed log, in their order.

#include "distributed/cleaning/rule_log.hpp"
#include "jobs/cleaning/account.hpp"
#include "jobs/cleaning/cleaning_options.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

/// Exact repeats, cancellations, outliers, implausible users, implausible items: in this order, each on what the one
/// before has left. Users and items without rows remain in the numbering. Collective over context.comm.
void clean_log(JobContext& context, const CleaningOptions& options, RuleLog& log, RowAccount& account);

}  // namespace rankwise
