#include "jobs/prepare.hpp"

#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <memory>
#include <numeric>
#include <span>

#include "distributed/duplicates.hpp"
#include "distributed/holdout.hpp"
#include "distributed/rare_rows.hpp"
#include "io/commit.hpp"
#include "io/dataset.hpp"
#include "io/field_text.hpp"
#include "io/id_dictionary.hpp"
#include "io/id_variants.hpp"
#include "io/redistribute.hpp"
#include "io/sparse_rows.hpp"
#include "io/text_reader.hpp"

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
  const MissingCounts& missing = log.missing;
  context.report.line(fmt::format("{} rows read", log.rows_read));
  const Index skipped = missing.user + missing.item + missing.value + missing.time + missing.fold;
  if (skipped > 0) {
    context.report.line(fmt::format(
        "{} rows skipped: {} without user, {} without item, {} without value, {} without time, {} without fold",
        skipped, missing.user, missing.item, missing.value, missing.time, missing.fold));
  }
  context.report.event("read", {{"rows", log.rows_read},
                                {"missing_user", missing.user},
                                {"missing_item", missing.item},
                                {"missing_value", missing.value},
                                {"missing_time", missing.time},
                                {"missing_fold", missing.fold},
                                {"repeated_headers", log.repeated_headers}});
  if (log.repeated_headers > 0) {
    context.report.warning(fmt::format("{} line{} inside the input repeat{} the header of the file: passed over",
                                       log.repeated_headers, log.repeated_headers == 1 ? "" : "s",
                                       log.repeated_headers == 1 ? "s" : ""));
  }
  return log;
}

void drop_small_values(JobContext& context, double min_value, InteractionLog& log) {
  std::vector<Index> kept;
  for (Index row = 0; row < log.size(); ++row) {
    if (log.values[static_cast<std::size_t>(row)] >= min_value) kept.push_back(row);
  }
  const Index dropped = context.comm.sum(log.size() - static_cast<Index>(kept.size()));
  log.keep(kept);
  context.report.line(fmt::format("{} rows dropped: value below {}", dropped, min_value));
  context.report.event("min_value", {{"rows_dropped", dropped}});
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
    interactions.push_back({users.index[row], items.index[row], log.values[row], log.timed ? log.times[row] : 0,
                            log.positions[row], log.folded ? log.folds[row] : 0});
  }
  log.values = {};
  log.times = {};
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

void resolve(JobContext& context, DuplicatePolicy policy, const InteractionLog& log, UserEvents& events) {
  const auto timer = context.report.phase("duplicates");
  if (policy == DuplicatePolicy::error) {
    refuse_repeat(context.comm, log, earliest_repeat(events), "(--duplicates error)");
  }
  if (events.folded) {
    refuse_repeat(context.comm, log, earliest_contradiction(events), "with another fold; expected one fold for a pair");
  }
  const DuplicateCounts mine = resolve_duplicates(events, policy);
  agree_on(context.comm, [&] {
    for (const Event& event : events.events) {
      if (!(std::fabs(event.value) <= static_cast<double>(std::numeric_limits<float>::max()))) {
        throw Error(ExitCode::bad_data, "the rows on one user and item add up beyond 32-bit floating point");
      }
    }
  });
  std::array<Index, 2> counts{mine.repeated, mine.exact};
  context.comm.all_reduce_sum(std::span<Index>(counts));
  context.report.line(fmt::format("{} rows repeat a user and item ({} of them exactly): resolved by {}", counts[0],
                                  counts[1], duplicates_name(policy)));
  context.report.event("duplicates", {{"repeated_pairs", counts[0]},
                                      {"exact_duplicates", counts[1]},
                                      {"policy", std::string(duplicates_name(policy))}});
}

void drop_rare_rows(JobContext& context, const PrepareOptions& options, IndexedLog& log) {
  const auto timer = context.report.phase("rare users and items");
  const Communicator& comm = context.comm;
  KeptRows kept;
  const RareCounts counts = drop_rare(comm, log.events, options.min_user_count, options.min_item_count, kept);
  log.users = select_ids(comm, log.users, kept.users);
  const RowRange held = log.items.rows;
  std::vector<Index> local_items;
  for (const Index item : kept.items) {
    if (held.contains(item)) local_items.push_back(item - held.begin);
  }
  log.items = select_ids(comm, log.items, local_items);
  context.report.line(fmt::format("{} users, {} items and {} interactions dropped as rare, in {} rounds", counts.users,
                                  counts.items, counts.events, counts.rounds));
  context.report.event("rare", {{"users_dropped", counts.users},
                                {"items_dropped", counts.items},
                                {"interactions_dropped", counts.events},
                                {"rounds", counts.rounds}});
}

std::vector<Index> all_users(const UserEvents& events) {
  std::vector<Index> users(static_cast<std::size_t>(events.users.size()));
  std::iota(users.begin(), users.end(), Index{0});
  return users;
}

EventParts choose_parts(const JobContext& context, const PrepareOptions& options, const UserEvents& events,
                        std::vector<Index>& heldout_users) {
  const Split& split = options.split;
  switch (split.kind) {
    case SplitKind::random:
      return hold_out_at_random(events, split.fraction, context.common.seed);
    case SplitKind::leave_last:
      return hold_out_last(events, split.count);
    case SplitKind::temporal:
      return hold_out_after_cut(context.comm, events, split.fraction).parts;
    case SplitKind::users: {
      UserHoldout holdout = hold_out_users(events, split.fraction, options.given_fraction, context.common.seed);
      heldout_users = std::move(holdout.users);
      return std::move(holdout.parts);
    }
    case SplitKind::none:
      break;
  }
  return EventParts(events.events.size(), EventPart::training);
}

/// Training and held-out matrices, each partitioned by row count.
Dataset split(JobContext& context, const PrepareOptions& options, IndexedLog log) {
  const auto timer = context.report.phase("split");
  const Communicator& comm = context.comm;
  std::vector<Index> heldout_users;
  const EventParts parts = choose_parts(context, options, log.events, heldout_users);
  const std::vector<Index> users = all_users(log.events);
  std::vector<Index> training_users;
  std::set_difference(users.begin(), users.end(), heldout_users.begin(), heldout_users.end(),
                      std::back_inserter(training_users));
  const auto part = [&](EventPart which, std::span<const Index> rows) {
    const SparseRows matrix = select_part(comm, log.events, parts, which, rows);
    return redistribute(comm, matrix, Partition::by_count(matrix.total_rows, comm.size()));
  };
  const auto ids = [&](const IdRows& all, std::span<const Index> rows) {
    const IdRows chosen = select_ids(comm, all, rows);
    return redistribute(comm, chosen, Partition::by_count(chosen.total_rows, comm.size()));
  };
  Dataset dataset;
  dataset.interactions = part(EventPart::training, training_users);
  dataset.users = ids(log.users, training_users);
  dataset.items = redistribute(comm, log.items, Partition::by_count(log.items.total_rows, comm.size()));
  if (options.split.kind == SplitKind::users) {
    dataset.heldout = part(EventPart::heldout, heldout_users);
    dataset.heldout_users = HeldoutUsers{ids(log.users, heldout_users), part(EventPart::given, heldout_users)};
  } else if (options.split.kind != SplitKind::none) {
    dataset.heldout = part(EventPart::heldout, users);
  }
  return dataset;
}

void transpose_training(JobContext& context, Dataset& dataset) {
  const auto timer = context.report.phase("transpose");
  dataset.interactions_by_item =
      transpose(context.comm, dataset.interactions, Partition::by_count(dataset.items.total_rows, context.comm.size()));
}

void tell_result(JobContext& context, const Dataset& dataset) {
  const Communicator& comm = context.comm;
  const Index interactions = comm.sum(dataset.interactions.entries());
  const Index heldout = comm.sum(dataset.heldout ? dataset.heldout->entries() : 0);
  const Index given = comm.sum(dataset.heldout_users ? dataset.heldout_users->given.entries() : 0);
  const Index heldout_users = dataset.heldout_users ? dataset.heldout_users->ids.total_rows : 0;
  context.report.line(fmt::format("{} users, {} items, {} interactions; {} held out", dataset.users.total_rows,
                                  dataset.items.total_rows, interactions, heldout));
  if (dataset.heldout_users) {
    context.report.line(
        fmt::format("{} users held out whole; {} of their interactions are given for fold-in", heldout_users, given));
  }
  context.report.event("dataset", {{"users", dataset.users.total_rows},
                                   {"items", dataset.items.total_rows},
                                   {"interactions", interactions},
                                   {"heldout", heldout},
                                   {"heldout_users", heldout_users},
                                   {"given", given}});
}

DuplicatePolicy default_policy(const LogPlan& plan) {
  return plan.additive() ? DuplicatePolicy::sum : DuplicatePolicy::last;
}

constexpr std::string_view notes =
    "Columns: without --columns the usual names are recognised (user_id, userId, CustomerID, ...; item, movieId, "
    "book_id,\n"
    "StockCode, ...; rating, value, ...; timestamp, time, ...), and the choice is reported.\n"
    "Times: seconds since 1970, or YYYY-MM-DD[ HH:MM[:SS]][Z], or as --time-format says, from 1970-01-02 to 2100.\n"
    "Ids: a column of canonical non-negative integers becomes int64, any other column text.\n"
    "Duplicates: 'last' is the latest time, ties and logs without times by the order of the input; sums and means are\n"
    "taken in the order of the input. The resolved row bears the latest time; rows on one user and item must be of one "
    "fold.\n"
    "Times and folds are stored with the interactions, for als --fold and sweep plan --validation.\n"
    "Splits: leave-last takes each user's N latest (ties by item) where the user has more than N; temporal takes all "
    "from\n"
    "the earliest time that holds out at most FRACTION; users leave training whole (those with 2 interactions or "
    "more).\n"
    "Every choice depends on the data and --seed only, never on the number of ranks.";
}  // namespace

void prepare(JobContext& context, const PrepareOptions& options) {
  const Communicator& comm = context.comm;

  // 1. Look at the beginning of each file and at the output before any long work.
  const LogPlan plan = plan_reading(context, options);
  check_output(comm, options.output);

  // 2. Read all rows, each rank its part; drop what is missing or too small.
  InteractionLog log = read(context, plan);
  if (options.min_value) drop_small_values(context, *options.min_value, log);
  require_rows(comm, log.size(), "every row was dropped");

  // 3. Number the ids in ascending order and bring each row to the rank that owns its user.
  IndexedLog indexed = index_log(context, log);

  // 4. One interaction for each user and item.
  resolve(context, options.duplicates.value_or(default_policy(plan)), log, indexed.events);

  // 5. Drop rare users and items until both bounds hold.
  if (options.min_user_count > 1 || options.min_item_count > 1) drop_rare_rows(context, options, indexed);
  require_rows(comm, static_cast<Index>(indexed.events.events.size()),
               "no user and item satisfy --min-user-count and --min-item-count");

  // 6. Split off what is held out, and transpose the rest.
  Dataset dataset = split(context, options, std::move(indexed));
  require_rows(comm, dataset.interactions.entries(), "--split holds out all of them");
  transpose_training(context, dataset);
  tell_result(context, dataset);

  // 7. Write the dataset under a temporary name and commit it.
  const auto timer = context.report.phase("write");
  write_dataset(comm, options.output, dataset,
                context.provenance("dataset", content_digest(comm, dataset.interactions)), options.deflate_level);
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
