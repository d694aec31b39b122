#pragma once
// The first steps of `rankwise prepare`: which files it reads as what, their rows, and what is known of them at once.

#include <optional>

#include "distributed/log/interaction_log.hpp"
#include "io/log/part_reader.hpp"
#include "jobs/cleaning/account.hpp"
#include "jobs/cleaning/cleaning_report.hpp"
#include "jobs/data/prepare_messages.hpp"
#include "jobs/data/prepare_options.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

/// Looks at the beginning of every input, text or matrix; all that does not fit the options is an error before any long
/// work. Collective; throws AgreedError (usage, no_input, bad_data, io_error).
[[nodiscard]] LogPlan plan_reading(JobContext& context, const PrepareOptions& options);

/// All rows; what was rejected or is missing is told, and opens the report's account. Collective; throws AgreedError.
[[nodiscard]] InteractionLog read_rows(JobContext& context, const PrepareOptions& options, const LogPlan& plan,
                                       CleaningReport& report);

/// The statistic of the values that are there, or the constant, for those that are not. Collective; throws
/// AgreedError(bad_data) if no value is there.
void fill_missing_values(JobContext& context, const ValueFill& fill, InteractionLog& log, RowAccount& account);

/// Rejects rows with a value below `min_value`; a warning counts cancellations among them that were to be matched.
/// Collective.
void drop_small_values(JobContext& context, double min_value, Cancellations cancellations, InteractionLog& log,
                       RowAccount& account);

/// The times of the first and the last row; nothing if the log has no times. Collective.
std::optional<Period> find_period(JobContext& context, const InteractionLog& log);

}  // namespace rankwise
