#pragma once
// The rows of a log at the ranks that own their users, their ids numbered.

#include "distributed/log/duplicates.hpp"
#include "distributed/log/interaction_log.hpp"
#include "jobs/data/log_split.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

/// Numbers users, items and orders in ascending order of their ids and brings each row to the owner of its user; warns
/// of ids that are probably one. Takes the log's columns as it goes, so that ids, rows and events are not all held at
/// once; its files, positions' names and rejected rows remain. Collective; throws AgreedError.
[[nodiscard]] IndexedLog index_log(JobContext& context, InteractionLog& log);

/// Counts repeated pairs, and stops at the first one that --duplicates or folds do not allow. Collective; throws
/// AgreedError(bad_data).
void check_duplicates(JobContext& context, DuplicatePolicy policy, const InteractionLog& log,
                      const IndexedLog& indexed);

}  // namespace rankwise
