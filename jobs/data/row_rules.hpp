#pragma once
// Which rows of an indexed log stay before it is divided: the rules of cleaning, totals of pairs, rare users and items.

#include <string_view>

#include "distributed/comm/communicator.hpp"
#include "distributed/log/duplicates.hpp"
#include "distributed/log/rejected_rows.hpp"
#include "jobs/cleaning/cleaning_report.hpp"
#include "jobs/data/index_log.hpp"
#include "jobs/data/log_input.hpp"
#include "jobs/data/prepare_messages.hpp"
#include "jobs/data/prepare_options.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

/// By which rules the rows of this log become interactions. Throws AgreedError(usage) if --transform and the bound of
/// totals contradict each other. Collective over comm.
[[nodiscard]] MergeRules merge_rules(const Communicator& comm, const PrepareOptions& options, const LogPlan& plan,
                                     const UserEvents& events);

/// Throws AgreedError(bad_data) with the reason if no rank has a row. Collective over comm.
void require_rows(const Communicator& comm, Index local_rows, std::string_view reason);

/// The rules that look at the rows of a user, an item or the whole log, and transforms; users and items without rows
/// go. Collective over context.comm; throws AgreedError(bad_data) if nothing is left.
void clean(JobContext& context, const CleaningOptions& options, IndexedLog& indexed, InteractionLog& log,
           CleaningReport& report);

/// Drops rare users and items until both bounds hold. Collective over context.comm.
void keep_k_core_rows(JobContext& context, const PrepareOptions& options, IndexedLog& log, RejectedRows& rejected,
                      RowAccount& account);

/// Notes what --min-total drops, and drops users and items that have no interaction because of it. Collective over
/// comm.
void refuse_totals(const Communicator& comm, const RefusedParts& mine, IndexedLog& log, RefusedTotals& refused);

/// Finds which pairs make an interaction; the rows of those that make none go. Collective over context.comm; throws
/// AgreedError(bad_data) if nothing is left.
void find_interactions(JobContext& context, const PrepareOptions& options, const MergeRules& rules, IndexedLog& log,
                       RefusedTotals& refused, RejectedRows& rejected, RowAccount& account);

}  // namespace rankwise
