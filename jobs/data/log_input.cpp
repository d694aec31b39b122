#include "jobs/data/log_input.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include "distributed/cleaning/fill_values.hpp"
#include "distributed/comm/key_exchange.hpp"
#include "io/files/file_identity.hpp"
#include "io/files/input_paths.hpp"
#include "io/log/reader.hpp"
#include "io/matrices/matrix_log.hpp"
#include "jobs/data/log_split.hpp"
#include "jobs/data/private_ids.hpp"
#include "kernels/base/time_units.hpp"
#include "kernels/text/counted.hpp"

namespace rankwise {

namespace {
/// Folders and patterns may hold what the job writes, which the check of the options cannot see.
void require_output_apart(const std::vector<std::string>& files, const std::string& output) {
  const auto written = identity_of(output);
  for (const std::string& file : files) {
    if (!written || identity_of(file) != written) continue;
    throw Error(ExitCode::usage,
                fmt::format("--output {} is also an input; a run never writes over what it reads", file));
  }
}

/// Sparse matrices of other programs, if the inputs are such; nothing if they are text. Collective.
std::optional<LogPlan> plan_matrices(const Communicator& comm, const PrepareOptions& options) {
  LogPlan plan;
  plan.source = LogSource::matrices;
  // One rank looks: a file that changes in between is no matrix to some and text to others.
  agree_on(comm, [&] {
    if (!comm.is_root()) return;
    InputPaths inputs = expand_inputs(options.inputs);
    plan.files = std::move(inputs.paths);
    plan.notes = std::move(inputs.notes);
    const auto text = std::ranges::find_if_not(plan.files, is_matrix_file);
    if (text == plan.files.begin()) {
      plan.files.clear();
      return;
    }
    if (text != plan.files.end()) {
      throw Error(ExitCode::usage, fmt::format("{} is a matrix file and {} is not; expected inputs of one kind",
                                               plan.files.front(), *text));
    }
    if (options.log.columns || options.log.filter.condition) {
      throw Error(ExitCode::usage,
                  fmt::format("{}: a matrix has no columns for --columns or --where to choose", plan.files.front()));
    }
    if (const std::string_view option = text_option(options); !option.empty()) {
      throw Error(ExitCode::usage,
                  fmt::format("{}: {} is for text files, and this is a matrix", plan.files.front(), option));
    }
  });
  broadcast_texts(comm, plan.files);
  if (plan.files.empty()) return std::nullopt;
  plan.layouts.resize(plan.files.size());
  for (LogLayout& layout : plan.layouts) {
    layout.format = TextFormat::matrix_market;  // rows, columns and values that are added, no times
    layout.columns.value_factors = 1;
  }
  return plan;
}

void require_times(const LogPlan& plan, const PrepareOptions& options) {
  if (plan.timed()) return;
  const std::array<std::pair<std::string_view, bool>, 7> needs{
      {{"--since and --until need", options.log.filter.has_period()},
       {"--split leave-last and temporal need", unit_of(options.split.kind) == SplitUnit::rows},
       {"--validation leave-last and temporal need", unit_of(options.validation.kind) == SplitUnit::rows},
       {"--folds times needs", options.folds.rule.origin == FoldOrigin::times},
       {"--orders day needs", options.orders == OrderRule::day},
       {"--half-life needs", options.cleaning.half_life_seconds.has_value()},
       {"--max-events-per-day needs", options.cleaning.max_events_per_day.has_value()}}};
  for (const auto& [who_needs, is_given] : needs) {
    if (!is_given) continue;
    throw Error(ExitCode::usage, fmt::format("{} times, and {} has no time column{}", who_needs, plan.files.front(),
                                             plan.source == LogSource::text ? ": name one with --columns ...,time=NAME"
                                                                            : ", as no matrix has"));
  }
}

/// The matrices' entries, whose faults may quote ids. Collective.
MatrixLog read_told_matrices(const Communicator& comm, const LogPlan& plan) {
  try {
    return read_matrix_logs(comm, plan.files);
  } catch (const AgreedError& error) {
    const Error shown = told(error, plan.quoting);
    throw AgreedError(shown.code(), shown.what());
  }
}

InteractionLog read_matrices(JobContext& context, const LogPlan& plan) {
  MatrixLog matrices = read_told_matrices(context.comm, plan);
  for (const std::string& note : matrices.notes) context.report.line(note);
  return std::move(matrices.log);
}

/// Rows without the field, for each role that is read.
std::vector<std::pair<std::string, Index>> missing_fields(const LogPlan& plan, const MissingCounts& missing,
                                                          const RejectedRows::Totals& rejected) {
  const Index filled = plan.missing.value == MissingRule::fill ? missing.value : 0;
  std::vector<std::pair<std::string, Index>> fields{{"user", rejected.counts[at(RowRule::missing_user)]},
                                                    {"item", rejected.counts[at(RowRule::missing_item)]}};
  if (!plan.counted()) fields.emplace_back("value", rejected.counts[at(RowRule::missing_value)] + filled);
  if (plan.timed()) fields.emplace_back("time", rejected.counts[at(RowRule::missing_time)]);
  if (plan.folded()) fields.emplace_back("fold", rejected.counts[at(RowRule::missing_fold)]);
  if (plan.marked()) fields.emplace_back("split", rejected.counts[at(RowRule::missing_split)]);
  if (plan.ordered()) fields.emplace_back("order", rejected.counts[at(RowRule::missing_order)]);
  return fields;
}

}  // namespace

LogPlan plan_reading(JobContext& context, const PrepareOptions& options) {
  std::optional<LogPlan> matrices = plan_matrices(context.comm, options);
  LogOptions log = options.log;
  if (!options.privacy.pseudonyms.empty()) log.quoting = Quoting::hidden;
  LogPlan plan = matrices ? std::move(*matrices) : plan_log(context.comm, options.inputs, log);
  plan.quoting = log.quoting;
  for (const std::string& note : plan.notes) context.report.line(note);
  agree_on(context.comm, [&] {
    require_output_apart(plan.files, options.output);
    require_times(plan, options);
    if (log.quoting == Quoting::hidden) require_no_recorded_ids(plan);
    if (plan.source != LogSource::text && !options.cleaning.quarantine.empty()) {
      throw Error(ExitCode::usage,
                  fmt::format("--quarantine needs rows of a text, and {} is a matrix", plan.files.front()));
    }
  });
  plan.keep = options.cleaning.quarantine.empty() ? RejectedRows::Keep::counts : RejectedRows::Keep::rows;
  return plan;
}

InteractionLog read_rows(JobContext& context, const PrepareOptions& options, const LogPlan& plan,
                         CleaningReport& report) {
  const auto timer = context.report.phase("read");
  InteractionLog log = plan.source == LogSource::text ? read_log(context.comm, plan, context.common.threads)
                                                      : read_matrices(context, plan);
  context.report.add_interactions("read", log.size());
  MissingCounts skipped = log.missing;
  if (plan.missing.value == MissingRule::fill) skipped.value = 0;
  tell_read(context.report, log.rows_read, skipped, log.repeated_headers);
  tell_filtered(context.report, plan.filter, log.filtered);

  const RejectedRows::Totals rejected = log.rejected.totals(context.comm);
  if (!plan.max_bad.is_zero() || !options.cleaning.quarantine.empty()) {
    tell_bad_rows(context.report, rejected, log.files);
  }
  report.rows_read = log.rows_read;
  report.missing = missing_fields(plan, log.missing, rejected);
  report.account = RowAccount(log.rows_read);
  account_for_reading(report.account, rejected);
  return log;
}

void fill_missing_values(JobContext& context, const ValueFill& fill, InteractionLog& log, RowAccount& account) {
  const Communicator& comm = context.comm;
  const auto statistic = [&]() -> std::optional<double> {
    switch (fill.kind) {
      case ValueFill::Kind::mean:
        return fill_statistic(comm, log.values, FillStatistic::mean);
      case ValueFill::Kind::median:
        return fill_statistic(comm, log.values, FillStatistic::median);
      case ValueFill::Kind::mode:
        return fill_statistic(comm, log.values, FillStatistic::mode);
      case ValueFill::Kind::constant:
        break;
    }
    return fill.constant;
  };
  const std::optional<double> value = statistic();
  agree_on(comm, [&] {
    if (!value) throw Error(ExitCode::bad_data, "no row has a value that missing ones could be filled in from");
  });
  const Index filled = comm.sum(fill_missing(log.values, *value));
  account.take(rule_name(RowRule::missing_value), 0, filled, fmt::format("filled in with {}", *value));
}

void drop_small_values(JobContext& context, double min_value, Cancellations cancellations, InteractionLog& log,
                       RowAccount& account) {
  std::vector<Index> kept;
  Index taking_back = 0;
  for (Index row = 0; row < log.size(); ++row) {
    const auto r = static_cast<std::size_t>(row);
    if (log.values[r] >= min_value) {
      kept.push_back(row);
    } else {
      log.rejected.add(RowRule::min_value, log.positions[r]);
      taking_back += (log.quantified ? log.quantities[r] : log.values[r]) < 0 ? 1 : 0;
    }
  }
  taking_back = cancellations == Cancellations::match ? context.comm.sum(taking_back) : 0;
  const Index dropped = context.comm.sum(log.size() - static_cast<Index>(kept.size()));
  log.keep(kept);
  account.take(rule_name(RowRule::min_value), dropped, 0, fmt::format("below {}", min_value));
  context.report.line(fmt::format("{} dropped: value below {}", counted(dropped, "row"), min_value));
  context.report.event("min_value", {{"rows_dropped", dropped}, {"cancellations_dropped", taking_back}});
  if (taking_back > 0) {
    context.report.warning(
        fmt::format("--min-value {} dropped {} with a negative amount before --cancellations match, so that these take "
                    "nothing back; --where 'PRICE > 0' drops rows without a price, and leaves them",
                    min_value, counted(taking_back, "row")));
  }
}

std::optional<Period> find_period(JobContext& context, const InteractionLog& log) {
  if (!log.timed) return std::nullopt;
  std::int64_t first = std::numeric_limits<std::int64_t>::max();
  std::int64_t last = std::numeric_limits<std::int64_t>::min();
  for (const std::int64_t time : log.times_microseconds) {
    first = std::min(first, time);
    last = std::max(last, time);
  }
  const Period period{seconds_of(context.comm.min(first)), seconds_of(context.comm.max(last))};
  tell_period(context.report, period);
  return period;
}

}  // namespace rankwise
