#include "jobs/data/prepare.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <limits>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <utility>

#include "distributed/log/content_digest.hpp"
#include "distributed/log/duplicates.hpp"
#include "distributed/log/holdout.hpp"
#include "distributed/log/k_core.hpp"
#include "distributed/log/select_part.hpp"
#include "distributed/log/split_figures.hpp"
#include "distributed/rows/id_dictionary.hpp"
#include "distributed/rows/id_variants.hpp"
#include "distributed/rows/redistribute.hpp"
#include "io/dataset/dataset_writer.hpp"
#include "io/files/commit.hpp"
#include "io/log/reader.hpp"
#include "jobs/data/prepare_messages.hpp"
#include "kernels/base/time_units.hpp"
#include "kernels/text/counted.hpp"
#include "kernels/text/shown_text.hpp"

namespace rankwise {

namespace {
/// A log with its ids in dictionaries and its rows at the owners of their users.
struct IndexedLog {
  IdRows users;  ///< by count, as events.users
  IdRows items;
  UserEvents events;
};

LogPlan plan_reading(JobContext& context, const PrepareOptions& options) {
  LogPlan plan = plan_log(context.comm, options.inputs, options.log);
  for (const std::string& note : plan.notes) context.report.line(note);
  const bool needs_times = options.split.kind == SplitKind::leave_last || options.split.kind == SplitKind::temporal;
  agree_on(context.comm, [&] {
    if (needs_times && !plan.timed()) {
      throw Error(ExitCode::usage, fmt::format("--split leave-last and temporal need times, and {} has no time column: "
                                               "name one with --columns ...,time=NAME",
                                               options.inputs.front()));
    }
  });
  return plan;
}

InteractionLog read(JobContext& context, const LogPlan& plan) {
  const auto timer = context.report.phase("read");
  InteractionLog log = read_log(context.comm, plan);
  context.report.add_interactions("read", log.size());
  tell_read(context.report, log.rows_read, log.missing, log.repeated_headers);
  return log;
}

void drop_small_values(JobContext& context, double min_value, InteractionLog& log) {
  std::vector<Index> kept;
  for (Index row = 0; row < log.size(); ++row) {
    if (log.values[static_cast<std::size_t>(row)] >= min_value) kept.push_back(row);
  }
  const Index dropped = context.comm.sum(log.size() - static_cast<Index>(kept.size()));
  log.keep(kept);
  context.report.line(fmt::format("{} dropped: value below {}", counted(dropped, "row"), min_value));
  context.report.event("min_value", {{"rows_dropped", dropped}});
}

/// Nothing if the log has no times. Collective.
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

/// By which rules the rows of this log become interactions. Collective.
MergeRules merge_rules(const Communicator& comm, const PrepareOptions& options, const LogPlan& plan,
                       const InteractionLog& log) {
  const DuplicatePolicy by_default = plan.additive() ? DuplicatePolicy::sum : DuplicatePolicy::last;
  MergeRules rules{.duplicates = options.duplicates.value_or(by_default), .repeats = options.repeats};
  const bool is_negative = std::ranges::any_of(log.values, [](double value) { return value < 0; });
  const bool any_negative = comm.max(is_negative ? 1 : 0) > 0;
  if (options.min_total.kind == TotalBound::Kind::given) rules.min_total = options.min_total.value;
  if (options.min_total.kind == TotalBound::Kind::automatic && any_negative) rules.min_total = above_zero;
  return rules;
}

void require_rows(const Communicator& comm, Index local_rows, std::string_view reason) {
  const Index rows = comm.sum(local_rows);
  agree_on(comm, [&] {
    if (rows == 0) throw Error(ExitCode::bad_data, fmt::format("no interactions are left: {}", reason));
  });
}

/// Ids that are probably one, in one warning for each kind.
void warn_of_variants(JobContext& context, std::string_view role, const IdRows& ids) {
  for (const IdVariants& found : find_id_variants(context.comm, ids)) {
    context.report.warning(fmt::format("{} {} id{} differ{} from another only {}, for example {} and {}", found.ids,
                                       role, found.ids == 1 ? "" : "s", found.ids == 1 ? "s" : "",
                                       difference_text(found.difference), shown(found.first), shown(found.second)));
  }
}

/// Takes the log apart as it goes, so that ids, rows and events are not all held at once.
IndexedLog index_log(JobContext& context, InteractionLog& log) {
  const auto timer = context.report.phase("index ids");
  const Communicator& comm = context.comm;
  IdDictionary users = build_id_dictionary(comm, log.users);
  log.users = {};
  IdDictionary items = build_id_dictionary(comm, log.items);
  log.items = {};
  warn_of_variants(context, "user", users.rows);
  warn_of_variants(context, "item", items.rows);
  std::vector<Interaction> interactions;
  interactions.reserve(log.positions.size());
  for (std::size_t row = 0; row < log.positions.size(); ++row) {
    interactions.push_back({users.index[row], items.index[row], log.values[row],
                            log.timed ? log.times_microseconds[row] : 0, log.positions[row],
                            log.folded ? log.folds[row] : 0});
  }
  log.values = {};
  log.times_microseconds = {};
  log.folds = {};
  log.positions = {};
  users.index = {};
  items.index = {};

  const Partition partition = Partition::by_count(users.rows.total_rows, comm.size());
  IndexedLog indexed;
  indexed.events = events_by_user(comm, std::move(interactions), partition, items.rows.total_rows);
  indexed.events.timed = log.timed;
  indexed.events.folded = log.folded;
  indexed.users = redistribute(comm, users.rows, partition);
  indexed.items = std::move(items.rows);
  return indexed;
}

/// Stops at the earliest row of all ranks that `mine` tells, with what it does to the user and item of the other.
void refuse_repeat(const Communicator& comm, const InteractionLog& log, const RepeatedPair& mine,
                   std::string_view fault) {
  const std::int64_t earliest = comm.min(mine.second);
  std::optional<Error> error;
  if (mine.second == earliest && earliest != RepeatedPair{}.second) {
    error = Error(ExitCode::bad_data,
                  fmt::format("{}: repeats the user and item of {} {}", log.place(InputPosition(mine.second)),
                              log.place(InputPosition(mine.first)), fault));
  }
  agree(comm, error);
}

void check_duplicates(JobContext& context, DuplicatePolicy policy, const InteractionLog& log,
                      const UserEvents& events) {
  const auto timer = context.report.phase("duplicates");
  if (policy == DuplicatePolicy::error) {
    refuse_repeat(context.comm, log, earliest_repeat(events), "(--duplicates error)");
  }
  if (events.folded) {
    refuse_repeat(context.comm, log, earliest_contradiction(events), "with another fold; expected one fold for a pair");
  }
  const DuplicateCounts mine = count_duplicates(events);
  tell_duplicates(context.report, {context.comm.sum(mine.repeated), context.comm.sum(mine.exact)}, policy);
}

/// Drops users and items with fewer interactions, with their ids. Collective.
DroppedCounts drop_rows(const Communicator& comm, Index min_user_count, Index min_item_count, IndexedLog& log) {
  KeptRows kept;
  const DroppedCounts counts = keep_k_core(comm, log.events, min_user_count, min_item_count, kept);
  log.users = select_ids(comm, log.users, kept.users);
  const RowRange held = log.items.rows;
  std::vector<Index> local_items;
  for (const Index item : kept.items) {
    if (held.contains(item)) local_items.push_back(item - held.begin);
  }
  log.items = select_ids(comm, log.items, local_items);
  return counts;
}

void keep_k_core_rows(JobContext& context, const PrepareOptions& options, IndexedLog& log) {
  const auto timer = context.report.phase("rare users and items");
  tell_k_core(context.report, drop_rows(context.comm, options.min_user_count, options.min_item_count, log));
}

SplitUnit unit_of(SplitKind kind) {
  return kind == SplitKind::leave_last || kind == SplitKind::temporal ? SplitUnit::rows : SplitUnit::pairs;
}

/// Notes what --min-total drops, and drops users and items that have no interaction because of it. Collective.
void refuse_totals(const Communicator& comm, const RefusedParts& mine, IndexedLog& log, RefusedTotals& refused) {
  const RefusedParts all{comm.sum(mine.training), comm.sum(mine.heldout)};
  if (all.training + all.heldout == 0) return;
  refused.parts.training += all.training;
  refused.parts.heldout += all.heldout;
  const DroppedCounts lost = drop_rows(comm, 1, 1, log);
  refused.users += lost.users;
  refused.items += lost.items;
}

/// Chooses the part of each row. Returns the local users that are held out whole. Collective.
std::vector<Index> hold_out(const JobContext& context, const PrepareOptions& options, UserEvents& events,
                            SplitOutcome& outcome) {
  const Split& split = options.split;
  const std::uint64_t seed = context.common.seed;
  switch (split.kind) {
    case SplitKind::random:
      hold_out_at_random(events, split.fraction, seed);
      break;
    case SplitKind::leave_last:
      hold_out_last(events, split.count, seed);
      break;
    case SplitKind::temporal:
      outcome.last_training_seconds = seconds_of(hold_out_after_cut(context.comm, events, split.fraction));
      break;
    case SplitKind::users:
      return hold_out_users(events, split.fraction, options.given_fraction, seed);
    case SplitKind::none:
      break;
  }
  return {};
}

/// Held-out pairs that training has too. Collective.
Index count_repeats(const Communicator& comm, const UserEvents& events, const MergeRules& rules) {
  Index repeated = 0;
  for (Index u = 0; u < events.users.size(); ++u) {
    for_each_pair(events.of(u), [&](std::span<const Event> pair) { repeated += is_repeated(pair, rules) ? 1 : 0; });
  }
  return comm.sum(repeated);
}

/// All matrices by user, each partitioned by row count.
Dataset select_matrices(const Communicator& comm, const MergeRules& rules, SplitKind kind,
                        const std::vector<Index>& heldout_users, const IndexedLog& log) {
  std::vector<Index> users(static_cast<std::size_t>(log.events.users.size()));
  std::iota(users.begin(), users.end(), Index{0});
  std::vector<Index> training_users;
  std::ranges::set_difference(users, heldout_users, std::back_inserter(training_users));
  const auto evenly = [&](const auto& rows) {
    return redistribute(comm, rows, Partition::by_count(rows.total_rows, comm.size()));
  };
  const auto part = [&](EventPart which, std::span<const Index> rows) {
    return evenly(select_part(comm, log.events, which, rows, rules));
  };
  Dataset dataset;
  dataset.rules = rules;
  dataset.interactions = part(EventPart::training, training_users);
  dataset.users = evenly(select_ids(comm, log.users, training_users));
  dataset.items = evenly(log.items);
  if (log.events.timed) {
    LogRows log_rows = select_log_rows(comm, log.events, training_users, rules);
    if (comm.sum(log_rows.entries()) > 0) dataset.log_rows.emplace(evenly(log_rows));
  }
  if (kind == SplitKind::users) {
    dataset.heldout.emplace(part(EventPart::heldout, heldout_users));
    dataset.heldout_users =
        HeldoutUsers{evenly(select_ids(comm, log.users, heldout_users)), part(EventPart::given, heldout_users), {}};
  } else if (kind != SplitKind::none) {
    dataset.heldout.emplace(part(EventPart::heldout, users));
  }
  if (unit_of(kind) == SplitUnit::rows) {
    SparseRows repeated = select_repeated(comm, log.events, rules);
    if (comm.sum(repeated.entries()) > 0) dataset.repeated.emplace(evenly(repeated));
  }
  return dataset;
}

/// Chooses what is held out, and merges the rows of each pair in each part; figures of the outcome follow later.
Dataset split(JobContext& context, const PrepareOptions& options, const MergeRules& rules, IndexedLog log,
              RefusedTotals& refused, SplitOutcome& outcome, std::vector<std::int64_t>& first_of_items) {
  const auto timer = context.report.phase("split");
  const Communicator& comm = context.comm;
  const std::vector<Index> heldout_users = hold_out(context, options, log.events, outcome);
  if (rules.min_total && unit_of(options.split.kind) == SplitUnit::rows) {
    refuse_totals(comm, mark_parts(log.events, rules), log, refused);
  }
  outcome.repeated = count_repeats(comm, log.events, rules);
  if (log.events.timed) first_of_items = first_seconds(comm, log.events);
  return select_matrices(comm, rules, options.split.kind, heldout_users, log);
}

/// The other side of every matrix.
void transpose_all(JobContext& context, Dataset& dataset) {
  const auto timer = context.report.phase("transpose");
  const Partition items = Partition::by_count(dataset.items.total_rows, context.comm.size());
  const auto both = [&](auto& sides) {
    if (sides) sides->by_item = transpose(context.comm, sides->by_user, items);
  };
  dataset.interactions_by_item = transpose(context.comm, dataset.interactions, items);
  both(dataset.heldout);
  both(dataset.repeated);
  both(dataset.log_rows);
  if (dataset.heldout_users) {
    dataset.heldout_users->given_by_item = transpose(context.comm, dataset.heldout_users->given, items);
  }
}

constexpr std::string_view notes =
    "Columns: without --columns the usual names are recognised (user_id, userId, CustomerID, ...; item, movieId, "
    "book_id,\n"
    "StockCode, ...; rating, value, ...; timestamp, time, ...), and the choice is reported.\n"
    "Times: seconds since 1970, or YYYY-MM-DD[ HH:MM[:SS]][Z], or as --time-format says, from 1970-01-02 to 2100.\n"
    "Ids: a column of canonical non-negative integers becomes int64, any other column text.\n"
    "Duplicates: 'last' is the latest time, ties and logs without times by the order of the input; sums and means are\n"
    "taken in the order of the input. The merged row has the latest time; rows on one user and item must be of one "
    "fold.\n"
    "Times and folds are stored with the interactions, for als --fold and sweep plan --validation.\n"
    "Splits: random and users take a user and item with all of their rows. leave-last and temporal divide the rows, "
    "then\n"
    "merge each part: what was bought before the cut and again after it stays in training. leave-last takes the N "
    "latest\n"
    "of each user's items and times, if the user has more; items of one time in a random order by --seed. temporal "
    "takes\n"
    "all from the earliest time that holds out at most FRACTION of all users, items and times. users leave training "
    "whole\n"
    "(those with 2 interactions or more).\n"
    "Every choice depends on the data and --seed only, never on the number of ranks.";
}  // namespace

void prepare(JobContext& context, const PrepareOptions& options) {
  const Communicator& comm = context.comm;
  SplitOutcome outcome;

  // 1. Look at the beginning of each file and at the output before any long work.
  const LogPlan plan = plan_reading(context, options);
  check_output(comm, options.output);

  // 2. Read all rows, each rank its part; drop what is missing or too small.
  InteractionLog log = read(context, plan);
  if (options.min_value) drop_small_values(context, *options.min_value, log);
  require_rows(comm, log.size(), "every row was dropped");
  outcome.period = find_period(context, log);
  const MergeRules rules = merge_rules(comm, options, plan, log);

  // 3. Number the ids in ascending order and bring each row to the rank that owns its user.
  IndexedLog indexed = index_log(context, log);
  check_duplicates(context, rules.duplicates, log, indexed.events);

  // 4. Find which pairs are interactions; drop rare users and items until both bounds hold.
  RefusedTotals refused;
  refuse_totals(comm, {.training = mark_interactions(indexed.events, rules, unit_of(options.split.kind))}, indexed,
                refused);
  require_rows(comm, std::ssize(indexed.events.events), "--min-total drops all of them");
  if (options.min_user_count > 1 || options.min_item_count > 1) keep_k_core_rows(context, options, indexed);
  require_rows(comm, std::ssize(indexed.events.events),
               "no user and item satisfy --min-user-count and --min-item-count");

  // 5. Hold out, merge what training and the held-out part have of each pair, and transpose.
  std::vector<std::int64_t> first_of_items;
  Dataset dataset = split(context, options, rules, std::move(indexed), refused, outcome, first_of_items);
  if (rules.min_total) tell_refused(context.report, options.min_total, *rules.min_total, refused);
  require_rows(comm, dataset.interactions.entries(), "--split holds out all of them");
  transpose_all(context, dataset);
  outcome.figures = split_figures(comm, dataset, first_of_items);
  tell_sizes(comm, context.report, dataset);
  tell_split(comm, context.report, dataset, outcome);
  dataset.figures = figures_of(outcome, dataset.heldout.has_value());

  // 6. Write the dataset under a temporary name and commit it.
  const auto timer = context.report.phase("write");
  write_dataset(comm, options.output, dataset, context.provenance("dataset", content_digest(comm, dataset)),
                options.deflate_level);
}

RunJob describe_prepare(boost::program_options::options_description& options) {
  auto values = std::make_shared<PrepareOptions>();
  add_prepare_options(options, *values);
  return [values](JobContext& context) { prepare(context, *values); };
}

Job prepare_job() {
  return {.name = "prepare",
          .summary = "reads interaction logs and writes a cleaned, indexed, split dataset",
          .notes = notes,
          .describe = &describe_prepare};
}

}  // namespace rankwise
