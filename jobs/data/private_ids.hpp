#pragma once
// Whose rows a dataset must not hold, and under which names it holds the others: --forget and --pseudonyms of
// `rankwise prepare`.

#include <optional>

#include "distributed/log/interaction_log.hpp"
#include "io/dataset/dataset_writer.hpp"
#include "io/log/id_list.hpp"
#include "io/log/part_reader.hpp"
#include "jobs/cleaning/account.hpp"
#include "jobs/data/privacy_options.hpp"
#include "jobs/run/job.hpp"
#include "kernels/keyed_hash/pseudonyms.hpp"

namespace rankwise {

/// Throws Error(usage) if the dataset would hold ids that become pseudonyms: the condition of --where is on them, which
/// is recorded, or their column has another role too. Local.
void require_no_recorded_ids(const LogPlan& plan);

/// What makes pseudonyms; nothing if none are asked for. Collective; throws AgreedError (no_input, usage).
[[nodiscard]] std::optional<Pseudonyms> read_pseudonyms(JobContext& context, const PrivacyOptions& options);

/// The users to forget; nothing if none are. Collective; throws AgreedError (no_input, bad_data).
[[nodiscard]] std::optional<IdList> read_forget_list(JobContext& context, const PrivacyOptions& options);

/// Rejects the rows of the listed users, whose ids are as in the log, and counts who has none. Collective.
void forget_users(JobContext& context, const IdList& list, InteractionLog& log, RowAccount& account);

/// Users and orders are called by their pseudonyms from here on. Warns of users that are probably one, which their
/// pseudonyms do not show. What the dataset says of it. Collective.
PseudonymMark use_pseudonyms(JobContext& context, const Pseudonyms& pseudonyms, InteractionLog& log);

}  // namespace rankwise
