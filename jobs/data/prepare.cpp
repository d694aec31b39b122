#include "jobs/data/prepare.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "distributed/cleaning/part_rows.hpp"
#include "distributed/cleaning/rule_log.hpp"
#include "distributed/cleaning/value_rules.hpp"
#include "distributed/log/content_digest.hpp"
#include "distributed/log/duplicates.hpp"
#include "distributed/log/select_part.hpp"
#include "distributed/log/split_figures.hpp"
#include "distributed/splits/fold_rule.hpp"
#include "io/dataset/dataset_writer.hpp"
#include "io/files/commit.hpp"
#include "io/log/quarantine.hpp"
#include "jobs/cleaning/clean_log.hpp"
#include "jobs/cleaning/cleaning_report.hpp"
#include "jobs/data/index_log.hpp"
#include "jobs/data/log_input.hpp"
#include "jobs/data/log_split.hpp"
#include "jobs/data/prepare_messages.hpp"
#include "jobs/data/private_ids.hpp"
#include "jobs/data/row_rules.hpp"
#include "jobs/run/text_output.hpp"
#include "kernels/base/time_units.hpp"
#include "kernels/text/utc_text.hpp"

namespace rankwise {

namespace {
/// Which rows are of one order, and how many orders there are. Collective.
std::optional<Index> find_orders(JobContext& context, std::optional<OrderRule> rule, IndexedLog& log) {
  if (rule == OrderRule::day) log.orders = days_of(log.events);
  if (!log.order_ids && !rule) return std::nullopt;
  const Index orders = context.comm.sum(count_orders(log.events, log.orders));
  tell_orders(context.report, log.order_ids, orders, context.comm.sum(std::ssize(log.events.events)));
  return orders;
}

/// The last steps of the account: parts that are no interactions, what the held-out part leaves out, and merges.
/// `validation`: rows that training had before it was taken off. Collective.
void account_for_parts(const Communicator& comm, const PrepareOptions& options, const MergeRules& rules,
                       const SplitOutcome& outcome, RowAccount& account) {
  const PartRows validation = outcome.validation ? outcome.validation->rows : PartRows();
  std::array counts{outcome.rows.refused + validation.refused, outcome.rows.repeated + validation.repeated,
                    outcome.rows.merged + validation.merged};
  comm.all_reduce_sum(std::span<Index>(counts));
  const bool divides = divides_rows(options.split.kind) || divides_rows(options.validation.kind);
  if (rules.min_total) account.take(fmt::format("{} of parts", rule_name(RowRule::min_total)), counts[0]);
  if (divides && rules.repeats == Repeats::drop) account.take(rule_name(RowRule::repeats), counts[1]);
  account.take("duplicates", counts[2], 0, "rows merged into pairs: what is left are interactions");

  const auto part = [&](std::string_view name, const PartRows& rows, EventPart which) {
    const Index interactions = comm.sum(rows.interactions[static_cast<std::size_t>(which)]);
    if (interactions > 0 || which == EventPart::training) account.add_part(name, interactions);
  };
  part("training", outcome.validation ? validation : outcome.rows, EventPart::training);
  part("validation", validation, EventPart::heldout);
  part("given of validated users", validation, EventPart::given);
  part("held out", outcome.rows, EventPart::heldout);
  part("given of held-out users", outcome.rows, EventPart::given);
}

/// Values as they are at the latest row of training. Collective.
void decay(JobContext& context, double half_life_seconds, UserEvents& events, RowAccount& account) {
  const std::optional<std::int64_t> latest = latest_training_microseconds(context.comm, events);
  if (!latest) return;
  decay_values(events, *latest, half_life_seconds);
  const Index rows = context.comm.sum(std::ssize(events.events));
  const std::string note = fmt::format("value times 2^-(age / {} days), the age at {} (UTC)",
                                       half_life_seconds / seconds_per_day, utc_text(seconds_of(*latest)));
  account.take("half-life", 0, rows, note);
  context.report.line(fmt::format("half-life: {}", note));
}

/// What a dataset's validation part is taken off with.
struct HeldOut {
  Dataset dataset;           ///< by user alone
  std::vector<Index> users;  ///< local ones, held out whole
  SplitBasis basis;
  std::vector<std::int64_t> first_of_items;
};

/// Chooses what is held out, and merges the rows of each pair in each part; figures of the outcome follow later.
HeldOut split(JobContext& context, const PrepareOptions& options, const MergeRules& rules, IndexedLog& log,
              RefusedTotals& refused, InteractionLog& read, RowAccount& account, SplitOutcome& outcome) {
  const auto timer = context.report.phase("split");
  const Communicator& comm = context.comm;
  const SplitKind kind = options.split.kind;
  HeldOut held;
  held.basis = {event_keys(comm, log.users, log.items), std::move(log.marked), options.given_fraction,
                context.common.seed};
  SplitChoice choice = hold_out(comm, options.split, held.basis, log.events);
  outcome.last_training_seconds = choice.last_training_seconds;
  RejectedRows& rejected = read.rejected;
  if (options.cleaning.half_life_seconds) decay(context, *options.cleaning.half_life_seconds, log.events, account);
  RuleLog rows{log.events, {}, rejected};
  transform_log(context, transforms_after_split(options.cleaning.transforms), read, rows, account);
  const DropWatch watch(log.events, rejected);
  if (rules.min_total && divides_rows(kind)) {
    refuse_totals(comm, mark_parts(log.events, rules), log, refused);
    held.basis.keys = event_keys(comm, log.users, log.items);  // of those that are left
  }
  const Index dropped = watch.finish(log.events, RowRule::min_total, rejected);
  const bool validates = options.validation.kind != SplitKind::none;
  const auto parts = std::span(all_event_parts).subspan(validates ? 1 : 0);  // the first is training
  outcome.rows = count_part_rows(log.events, parts, rules, rejected);
  outcome.rows.refused += dropped;
  outcome.repeated = count_repeats(comm, log.events, rules);
  if (log.events.timed) held.first_of_items = first_seconds(comm, log.events);
  place_lines(comm, log.events, choice.users, log.lines);
  held.dataset = select_matrices(comm, rules, kind, choice.users, log);
  held.users = std::move(choice.users);
  if (!validates) assign_folds(comm, options.folds.rule, context.common.seed, held.dataset);
  return held;
}

/// The other side of every matrix, and the figures of the held-out part. Collective.
void transpose_and_count(JobContext& context, HeldOut& held, SplitOutcome& outcome) {
  const auto timer = context.report.phase("transpose");
  transpose_training(context.comm, held.dataset);
  transpose_heldout(context.comm, held.dataset);
  outcome.figures = split_figures(context.comm, held.dataset, held.first_of_items);
}

/// Takes the validation part off the training part, and its figures. Collective.
void validate_apart(JobContext& context, const PrepareOptions& options, UserEvents events, HeldOut& held,
                    std::vector<OrderLine>& lines, RejectedRows& rejected, SplitOutcome& outcome) {
  const Communicator& comm = context.comm;
  {
    const auto timer = context.report.phase("split");
    outcome.validation =
        take_validation(comm, options.validation, held.basis, held.users, events, held.dataset, rejected);
    mark_validation(events, lines);
    events = {};
    assign_folds(comm, options.folds.rule, context.common.seed, held.dataset);
  }
  require_rows(comm, held.dataset.interactions.entries(), "--validation takes all that --split leaves");
  const auto timer = context.report.phase("transpose");
  transpose_training(comm, held.dataset);
  outcome.validation_figures = validation_figures(comm, held.dataset, held.first_of_items);
}

/// Brings the rows of orders together, in their parts. Collective.
void store_orders(JobContext& context, std::vector<OrderLine> lines, bool timed, Dataset& dataset) {
  const auto timer = context.report.phase("orders");
  const Index heldout_users = dataset.heldout_users ? dataset.heldout_users->ids.total_rows : 0;
  dataset.orders =
      orders_of(context.comm, std::move(lines),
                {.users = dataset.users.total_rows + heldout_users, .items = dataset.items.total_rows, .timed = timed});
  tell_stored_orders(context.comm, context.report, *dataset.orders);
}

/// Quarantine and report. Collective.
void write_reports(JobContext& context, const CleaningOptions& options, const LogPlan& plan, const InteractionLog& log,
                   const CleaningReport& report) {
  if (!options.quarantine.empty()) {
    const auto timer = context.report.phase("quarantine");
    write_quarantine(context.comm, options.quarantine, plan, log.parts, log.rejected.rows());
    context.report.line(fmt::format("wrote {}: rows that are in no part of the dataset", options.quarantine));
  }
  for (const std::string& path : options.reports) write_from_root(context, path, report_text(path, report));
}

void check_outputs(const Communicator& comm, const PrepareOptions& options) {
  check_output(comm, options.output);
  if (!options.cleaning.quarantine.empty()) check_output(comm, options.cleaning.quarantine);
  for (const std::string& path : options.cleaning.reports) check_output(comm, path);
}

/// What is validated: as --validation says, or, of a log that says it itself, the rows that it puts there. Collective.
Split chosen_validation(const Communicator& comm, const PrepareOptions& options, const InteractionLog& log) {
  std::int64_t first = RejectedRows::nowhere;
  for (std::size_t row = 0; row < log.split_marks.size(); ++row) {
    if (log.split_marks[row] == SplitMark::validation) first = std::min(first, log.positions[row]);
  }
  first = comm.min(first);
  if (first == RejectedRows::nowhere) return options.validation;
  agree_on(comm, [&] {
    if (options.validation.kind == SplitKind::none) return;
    throw Error(
        ExitCode::bad_data,
        fmt::format("{}: the column of the split says validation, and --validation chooses other rows; expected "
                    "one of both",
                    log.place(InputPosition(first))));
  });
  return {.kind = SplitKind::column, .mark = SplitMark::validation};
}

/// The parts, the folds and what is cold. Collective.
void tell_parts(JobContext& context, const PrepareOptions& options, const Dataset& dataset,
                const SplitOutcome& outcome) {
  tell_sizes(context.comm, context.report, dataset);
  tell_split(context.comm, context.report, dataset, outcome);
  if (options.split.kind == SplitKind::items) warn_of_cold_items(context.report, "--split");
  if (options.validation.kind == SplitKind::items) warn_of_cold_items(context.report, "--validation");
  if (options.folds.rule.origin != FoldOrigin::column) {
    tell_folds(context.report, options.folds.text,
               count_folds(context.comm, dataset.interactions, options.folds.rule.folds()));
  }
}

constexpr std::string_view notes =
    "Columns: without --columns the usual names are recognised (user_id, userId, CustomerID, ...; item, movieId, "
    "book_id,\n"
    "StockCode, ...; rating, value, ...; timestamp, time, ...), and the choice is reported.\n"
    "Times: seconds since 1970, or YYYY-MM-DD[ HH:MM[:SS]][Z], or as --time-format says, from 1970-01-02 to 2100.\n"
    "Ids: a column of canonical non-negative integers becomes int64, any other column text.\n"
    "Inputs: a folder means the files in it, by name; hidden ones and folders in it are left out. Quote "
    "patterns.\n"
    "A list has a path, folder or pattern on each line; lines with # in front are comments. Only 'last' depends on "
    "the\n"
    "order of inputs, if times are equal or there are none.\n"
    "Conditions: a name in \"double quotes\" is a column, a text in 'single quotes' is never a number. Two numbers "
    "are\n"
    "compared as numbers, all else as text. A missing field makes a comparison false. --where comes first: what it "
    "drops\n"
    "may lack fields.\n"
    "Rules are applied in this order: missing and bad rows, --forget, --min-value, --exact-repeats, --cancellations, "
    "--outliers,\n"
    "--max-user-count, --max-events-per-day, --max-catalogue-share, --max-item-share, --transform up to the first "
    "centre,\n"
    "--min-total, --min-user-count and --min-item-count, --split, --half-life, --transform from the first centre on,\n"
    "--duplicates. Each works on what the one before has left; a table at the end accounts for all rows.\n"
    "Quantiles of --outliers are of type 7 (numpy's); mad is the median of |value - median| / 0.67449.\n"
    "Transforms: log1p is the natural logarithm of 1 + value. Means of centre are those of rows that training has, a\n"
    "validation part included, for held-out rows too; a user or item without such rows takes the mean of all of them.\n"
    "Duplicates: 'last' is the latest time, ties and logs without times by the order of the input. The merged row has "
    "the\n"
    "latest time; rows on one user and item must be of one fold.\n"
    "Orders: rows of a user with one id in the column, or of one day, are an order. Its lines are the rows that the "
    "rules\n"
    "leave, with their values before --transform and --half-life. Ids of orders are not stored.\n"
    "Times and folds are stored with the interactions, for als --fold and sweep plan --validation.\n"
    "Splits: random and users take a user and item with all of their rows. leave-last and temporal divide the rows, "
    "then\n"
    "merge each part: what was bought before the cut and again after it stays in training. leave-last takes the N "
    "latest\n"
    "of each user's items and times, if the user has more; items of one time in a random order by --seed. temporal "
    "takes\n"
    "all from the earliest time that holds out at most FRACTION of all users, items and times. users leave training "
    "whole\n"
    "(those with 2 interactions or more). items hold out items with all of their rows, which then are cold: only "
    "models "
    "that\n"
    "know features of items can rank them. column takes each row where --columns ...,split=NAME puts it. What is drawn "
    "is\n"
    "keyed by --seed and the ids alone: another user or item in the log changes no draw.\n"
    "Folds: --folds interactions and users draw by ids and --seed; times and bands number the parts between the given "
    "times\n"
    "and values from 0. An interaction has the time of its latest row and its merged value. A column of folds is the "
    "log's\n"
    "own division.\n"
    "Validation: --validation takes its rows off what --split leaves in training, so that the held-out part is the "
    "same\n"
    "with it and without. als --validation-metric and sweeps then choose by it, and als --train-on "
    "training+validation\n"
    "trains the model that evaluate measures on the held-out part.\n"
    "Tables: --items and --users need one row for each id. A column is of numbers if all of its fields are, in a form "
    "that\n"
    "loses nothing (007 is a text); of categories if each text is in two rows or more on average; else of texts. Rows "
    "of\n"
    "ids that the dataset does not have are left out. Ids without a row have missing values.\n"
    "Every choice depends on the data and --seed only, never on the number of ranks.";
}  // namespace

void prepare(JobContext& context, const PrepareOptions& asked) {
  const Communicator& comm = context.comm;
  SplitOutcome outcome;
  CleaningReport report;
  RowAccount& account = report.account;
  PrepareOptions options = asked;

  // 1. Look at the options, the beginning of each file and the outputs before any long work.
  agree_on(comm, [&] { require_sense(options); });
  const LogPlan plan = plan_reading(context, options);
  const std::optional<Pseudonyms> pseudonyms = read_pseudonyms(context, options.privacy);
  const std::optional<IdList> forget = read_forget_list(context, options.privacy);
  check_outputs(comm, options);
  report.files = plan.files;
  const ListedTables listed = read_tables(context, options.tables, options.log.missing_values, pseudonyms, forget);

  // 2. Read all rows, each rank its part; reject what is missing, bad, to be forgotten or too small; hide ids.
  InteractionLog log = read_rows(context, options, plan, report);
  if (forget) forget_users(context, *forget, log, account);
  std::optional<PseudonymMark> mark;
  if (pseudonyms) mark = use_pseudonyms(context, *pseudonyms, log);
  options.validation = chosen_validation(comm, options, log);
  if (plan.missing.value == MissingRule::fill) fill_missing_values(context, plan.missing.fill, log, account);
  if (options.min_value) {
    drop_small_values(context, *options.min_value, options.cleaning.cancellations, log, account);
  }
  require_rows(comm, log.size(), "every row was dropped");
  outcome.period = find_period(context, log);

  // 3. Number the ids in ascending order, bring each row to the rank that owns its user, and apply the rules.
  IndexedLog indexed = index_log(context, log);
  outcome.orders = find_orders(context, options.orders, indexed);
  if (options.cleaning.any_rule()) {
    clean(context, options.cleaning, indexed, log, report);
  } else {
    indexed.lines = order_lines(indexed.events, indexed.orders);
  }
  indexed.quantities = {};
  indexed.orders = {};
  const MergeRules rules = merge_rules(comm, options, plan, indexed.events);
  check_duplicates(context, rules.duplicates, log, indexed);
  if (!options.cleaning.reports.empty()) report.profile = profile_of(comm, indexed.events);
  order_rows(indexed.events, rules.duplicates);

  // 4. Find which pairs are interactions; drop rare users and items until both bounds hold.
  RefusedTotals refused;
  find_interactions(context, options, rules, indexed, refused, log.rejected, account);
  if (options.min_user_count > 1 || options.min_item_count > 1) {
    keep_k_core_rows(context, options, indexed, log.rejected, account);
  }
  require_rows(comm, std::ssize(indexed.events.events),
               "no user and item satisfy --min-user-count and --min-item-count");

  // 5. Hold out, merge what training and the held-out part have of each pair, and transpose.
  HeldOut held = split(context, options, rules, indexed, refused, log, account, outcome);
  Dataset& dataset = held.dataset;
  if (rules.min_total) tell_refused(context.report, options.min_total, *rules.min_total, refused);
  require_rows(comm, dataset.interactions.entries(), "--split holds out all of them");
  const bool validates = options.validation.kind != SplitKind::none;
  UserEvents events = validates ? std::move(indexed.events) : UserEvents();
  std::vector<OrderLine> lines = std::move(indexed.lines);
  indexed = {};
  transpose_and_count(context, held, outcome);

  // 6. Take the validation part off what is left; orders have rows of all parts.
  if (validates) validate_apart(context, options, std::move(events), held, lines, log.rejected, outcome);
  if (outcome.orders) store_orders(context, std::move(lines), log.timed, dataset);
  tell_parts(context, options, dataset, outcome);
  dataset.figures = figures_of(outcome, dataset.heldout.has_value());

  // 7. Bring the rows of tables to their items and users.
  const DatasetTables tables = place_tables(context, options.tables, listed, dataset);

  // 8. Account for every row; then write the dataset under a temporary name and commit it.
  account_for_parts(comm, options, rules, outcome, account);
  tell_account(context.report, account);
  write_reports(context, options.cleaning, plan, log, report);
  const auto timer = context.report.phase("write");
  write_dataset(comm, options.output, dataset, context.provenance("dataset", content_digest(comm, dataset)),
                options.deflate_level, tables, mark);
}

RunJob describe_prepare(boost::program_options::options_description& description,
                        const std::shared_ptr<PrepareOptions>& options) {
  add_prepare_options(description, *options);
  return {[options](JobContext& context) {
            agree_on(context.comm, [&] { read_times(*options); });
            within_budget(context, options->memory, options->output, [&] { prepare(context, *options); });
          },
          [options] {
            read_times(*options);
            require_sense(*options);
          }};
}

Job prepare_job() {
  return {
      .name = "prepare",
      .summary = "reads interaction logs and writes a cleaned, indexed, split dataset",
      .notes = notes,
      .describe = [](auto& description) { return describe_prepare(description, std::make_shared<PrepareOptions>()); }};
}

}  // namespace rankwise
