#include "jobs/data/prepare_options.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <utility>

#include "io/conditions/condition_text.hpp"
#include "io/text/time_text.hpp"
#include "jobs/options/choices.hpp"
#include "jobs/options/file_option.hpp"
#include "kernels/base/error.hpp"
#include "kernels/text/number_text.hpp"

namespace rankwise {

namespace {
void check_fraction(double fraction, std::string_view option) {
  if (!(fraction > 0 && fraction < 1)) {
    throw Error(ExitCode::usage, fmt::format("{}: {} is not a fraction above 0 and below 1", option, fraction));
  }
}

void check_at_least_one(Index count, std::string_view option) {
  if (count < 1) throw Error(ExitCode::usage, fmt::format("{} must be at least 1, not {}", option, count));
}
}  // namespace

std::optional<DuplicatePolicy> parse_duplicates(std::string_view word) {
  if (word == "auto") return std::nullopt;
  if (const auto policy = duplicates_of(word)) return policy;
  throw Error(ExitCode::usage,
              fmt::format("--duplicates '{}' is unknown; expected auto, sum, last, max, mean or error", word));
}

TotalBound parse_min_total(std::string_view text) {
  if (text == "auto") return {TotalBound::Kind::automatic, 0};
  if (text == "none") return {TotalBound::Kind::none, 0};
  const std::optional<double> number = finite_number(text);
  if (!number) {
    throw Error(ExitCode::usage, fmt::format("--min-total '{}': expected auto, none or a number", text));
  }
  return {TotalBound::Kind::given, *number};
}

OrderRule parse_orders(std::string_view word) {
  if (word == "column") return OrderRule::column;
  if (word == "day") return OrderRule::day;
  throw Error(ExitCode::usage, fmt::format("--orders '{}' is unknown; expected column or day", word));
}

Repeats parse_repeats(std::string_view word) {
  if (const auto repeats = repeats_of(word)) return *repeats;
  throw Error(ExitCode::usage, fmt::format("--repeats '{}' is unknown; expected drop or keep", word));
}

void add_prepare_options(boost::program_options::options_description& options, PrepareOptions& values) {
  namespace po = boost::program_options;
  auto add = options.add_options();
  add("input", read_files(&values.inputs)->composing()->required(),
      "log file, plain, gzip or zstd, UTF-8 or UTF-16; or a folder, a pattern such as 'logs/*.csv', or @LIST, a file "
      "of "
      "paths; may be repeated");
  add("format",
      po::value<std::string>()->default_value("auto")->value_name("FORMAT")->notifier(
          [&values](const std::string& word) { values.log.format = parse_text_format(word); }),
      "auto, csv, tsv, movielens (user::item::rating::time), matrix-market or jsonl (a JSON object on each line); auto "
      "looks at the first line, and reads sparse matrices of AnnData (.h5ad) and scipy (.npz), too");
  add("columns", po::value<std::string>()->value_name("ROLES")->notifier([&values](const std::string& text) {
    values.log.columns = parse_column_choice(text);
  }),
      "which column is what: user=NAME,item=NAME[,value=NAME[*NAME]][,time=NAME][,ROLE=NAME...]; names of the header, "
      "keys of JSON (user.id of an object in an object) or numbers from 1; without value each row counts 1, or "
      "quantity "
      "* price. Further roles: fold (small numbers from 0 that divide the log for cross-validation), split (training, "
      "validation or heldout, see --split column), order (ids of orders, see --orders), event (kinds, see "
      "--event-weights), quantity (what cancellations take back), price. "
      "By default usual names are recognised, but none for folds, splits, orders and events");
  add("event-weights", po::value<std::string>()->value_name("WEIGHTS")->notifier([&values](const std::string& text) {
    values.log.filter.event_weights = EventWeights(text);
  }),
      "what a row's value is multiplied by, by its event: view=1,cart=3,purchase=10[,other=0]; rows of weight 0 are "
      "dropped. An event without a weight is an error");
  add("since", po::value(&values.since)->value_name("TIME"),
      "drop rows before this time: 2025-01-01, '2025-01-01 12:00', seconds since 1970, or as --time-format says");
  add("until", po::value(&values.until)->value_name("TIME"), "drop rows of this time and later");
  add("where", po::value<std::string>()->value_name("CONDITION")->notifier([&values](const std::string& text) {
    values.log.filter.condition = parse_condition("--where", text);
  }),
      "drop rows that do not fulfil it: \"country = DE and (price > 0 or kind in (gift, 'old stock'))\"; also !=, <, "
      "<=, "
      ">=, not, is missing");
  add("delimiter",
      po::value<std::string>()->default_value("auto")->value_name("SIGN")->notifier(
          [&values](const std::string& word) { values.log.delimiter = parse_delimiter(word); }),
      "between the fields of csv: auto, comma, semicolon, pipe, tab or another sign; auto takes the most frequent one "
      "of "
      "the first line");
  add("decimal",
      po::value<std::string>()->default_value("auto")->value_name("SIGN")->notifier(
          [&values](const std::string& word) { values.log.decimal = parse_decimal(word); }),
      "before the decimals of values: auto, point or comma; auto looks at the first rows, and takes points where "
      "commas "
      "divide fields");
  add("time-format",
      po::value<std::string>()->default_value("auto")->value_name("FORM")->notifier(
          [&values](const std::string& word) { values.log.time = parse_time_format(word); }),
      "auto, seconds, milliseconds, iso, or a pattern of strptime such as '%d.%m.%Y %H:%M'; auto reads seconds and ISO "
      "times, and, if the first rows are all plausible as such, milliseconds and eight-digit dates such as 20101201");
  add("header",
      po::value<std::string>()->default_value("auto")->value_name("RULE")->notifier(
          [&values](const std::string& word) { values.log.header = parse_header_rule(word); }),
      "auto, present or absent");
  add("missing",
      po::value<std::string>()->default_value("error")->value_name("RULE")->notifier(
          [&values](const std::string& word) { values.log.missing = parse_missing_rules(word); }),
      "error, or skip: drop and count rows whose user, item, value, time or fold is missing; or ROLE=RULE separated by "
      "commas, such as user=skip,value=median: a missing value may be filled in by mean, median, mode or constant:X");
  add("max-bad", po::value<std::string>()->value_name("N|SHARE%")->notifier([&values](const std::string& text) {
    values.log.max_bad = parse_bad_row_limit(text);
  }),
      "reject and count up to so many bad rows (unreadable number or time, wrong number of fields, missing under "
      "--missing error), or such a share of all rows, as 0.1%; more of them end the job (0)");
  add("missing-values",
      po::value<std::string>()
          ->default_value(std::string(usual_missing_values))
          ->value_name("WORDS")
          ->notifier([&values](const std::string& words) { values.log.missing_values = MissingValues(words); }),
      "words, with commas between them, that say that a field is missing; none: only empty fields are");
  add_privacy_options(options, values.privacy);
  add("orders", po::value<std::string>()->value_name("RULE")->notifier([&values](const std::string& word) {
    values.orders = parse_orders(word);
  }),
      "store which rows a user bought together, with time and amount, for jobs on customers and baskets: column, as "
      "--columns ...,order=NAME says (naming that column is enough); or day: all rows of a user on one day (UTC)");
  add("min-value", po::value<double>()->value_name("VALUE")->notifier([&values](double value) {
    if (!std::isfinite(value)) throw Error(ExitCode::usage, "--min-value must be a finite number");
    values.min_value = value;
  }),
      "drop rows with a smaller value before anything else");
  add_cleaning_options(options, values.cleaning);
  add("duplicates",
      po::value<std::string>()->default_value("auto")->value_name("POLICY")->notifier(
          [&values](const std::string& word) { values.duplicates = parse_duplicates(word); }),
      "rows on the same user and item become one: sum, last, max, mean, or error; auto is last for a value column, sum "
      "for counted rows, products and matrix-market");
  add("min-total",
      po::value<std::string>()->default_value("auto")->value_name("VALUE")->notifier(
          [&values](const std::string& text) { values.min_total = parse_min_total(text); }),
      "drop a user and item whose rows make a smaller value, after --duplicates, in each part of the split; none: keep "
      "all; auto: keep values above 0 if the log has negative ones (returns), else keep all");
  add("min-user-count", po::value(&values.min_user_count)->default_value(1)->value_name("N")->notifier([](Index count) {
    check_at_least_one(count, "--min-user-count");
  }),
      "drop users with fewer items");
  add("min-item-count", po::value(&values.min_item_count)->default_value(1)->value_name("N")->notifier([](Index count) {
    check_at_least_one(count, "--min-item-count");
  }),
      "drop items with fewer users; both bounds are repeated until both hold");
  add("split",
      po::value<std::string>()->default_value("none")->value_name("SPLIT")->notifier(
          [&values](const std::string& text) { values.split = parse_split("--split", text); }),
      "what to hold out: none, random:FRACTION of the interactions, leave-last:N of each user, temporal:FRACTION (the "
      "latest), users:FRACTION (whole users), items:FRACTION (whole items), or column: as --columns ...,split=NAME "
      "says "
      "of each row: training (train), heldout (test), or validation (valid), which makes the validation part");
  add("validation",
      po::value<std::string>()->default_value("none")->value_name("SPLIT")->notifier(
          [&values](const std::string& text) { values.validation = parse_split("--validation", text); }),
      "what to take off the rest to choose models by, as for --split: random:FRACTION of what is left, leave-last:N, "
      "temporal:FRACTION, items:FRACTION, or with --split users also users:FRACTION");
  add("repeats",
      po::value<std::string>()->default_value("drop")->value_name("RULE")->notifier(
          [&values](const std::string& word) { values.repeats = parse_repeats(word); }),
      "with leave-last, temporal and column: held-out pairs that training has too leave the held-out part (drop), or "
      "stay "
      "(keep)");
  add("given-fraction",
      po::value(&values.given_fraction)
          ->default_value(0.8, "0.8")
          ->value_name("FRACTION")
          ->notifier([](double fraction) { check_fraction(fraction, "--given-fraction"); }),
      "with users: part of a held-out user's interactions that fold-in may see");
  add_table_options(options, values.tables);
  add("folds", po::value<std::string>()->value_name("RULE")->notifier([&values](const std::string& text) {
    values.folds = parse_folds(text);
  }),
      "divide the training part into folds, for als --fold column:N and sweep plan --validation column: "
      "interactions:K, "
      "users:K (by ids and --seed), times:TIME,... (cuts of the time line), bands:BOUND,... (of values), or column: as "
      "--columns ...,fold=NAME says");
  add("output", written_file(&values.output, hdf5_endings)->required(), "dataset to write (HDF5)");
  describe_compression(options, values.deflate_level);
  add_memory_options(options, values.memory);
}

void read_times(PrepareOptions& options) {
  const auto read = [&](std::string_view option, const std::string& text) {
    const TimeReader as_said(options.log.time.form.value_or(TimeForm::by_look), options.log.time.pattern);
    try {
      return as_said.reads(text) ? as_said.read(text) : TimeReader(TimeForm::by_look, "").read(text);
    } catch (const Error& error) {
      throw Error(ExitCode::usage, fmt::format("{}: {}", option, error.what()));
    }
  };
  RowFilter& filter = options.log.filter;
  if (!options.since.empty()) filter.since_microseconds = read("--since", options.since);
  if (!options.until.empty()) filter.until_microseconds = read("--until", options.until);
  std::vector<std::int64_t> cuts_microseconds;
  for (const std::string& cut : options.folds.cuts) cuts_microseconds.push_back(read("--folds", cut));
  set_cuts(options.folds, cuts_microseconds);
  if (filter.since_microseconds && filter.until_microseconds &&
      *filter.since_microseconds >= *filter.until_microseconds) {
    throw Error(ExitCode::usage, fmt::format("--since {} is not before --until {}", options.since, options.until));
  }
}

std::string_view text_option(const PrepareOptions& all) {
  const LogOptions& options = all.log;
  const LogOptions usual;
  const bool has_tables = !all.tables.items.path.empty() || !all.tables.users.path.empty();
  const std::array<std::pair<std::string_view, bool>, 8> said{
      {{"--format", options.format != usual.format},
       {"--delimiter", options.delimiter.sign != usual.delimiter.sign},
       {"--decimal", options.decimal.sign != usual.decimal.sign},
       {"--time-format", options.time.form != usual.time.form},
       {"--header", options.header != usual.header},
       {"--missing", options.missing != usual.missing},
       {"--max-bad", !options.max_bad.is_zero()},
       {"--missing-values", !has_tables && options.missing_values != usual.missing_values}}};
  const auto first = std::ranges::find(said, true, &std::pair<std::string_view, bool>::second);
  return first == said.end() ? std::string_view() : first->first;
}

namespace {
/// A column that is named is used, and one that is used is named.
void require_columns(const PrepareOptions& options) {
  const auto is_named = [&](std::string ColumnChoice::*role) {
    return options.log.columns && !((*options.log.columns).*role).empty();
  };
  const auto refuse = [](const char* text) { throw Error(ExitCode::usage, text); };
  if (is_named(&ColumnChoice::event) && !options.log.filter.event_weights) {
    refuse("--columns ...,event=NAME needs --event-weights, such as view=1,cart=3,purchase=10");
  }
  if (!is_named(&ColumnChoice::event) && options.log.filter.event_weights) {
    refuse("--event-weights needs the column of events: --columns ...,event=NAME");
  }
  const bool splits_by_column = options.split.kind == SplitKind::column;
  if (is_named(&ColumnChoice::split) && !splits_by_column) refuse("--columns ...,split=NAME needs --split column");
  if (!is_named(&ColumnChoice::split) && splits_by_column) {
    refuse("--split column needs the column that says what is held out: --columns ...,split=NAME");
  }
  const bool has_orders = is_named(&ColumnChoice::order);
  if (has_orders && options.orders == OrderRule::day) {
    refuse("--columns ...,order=NAME and --orders day exclude each other; expected one of both");
  }
  if (!has_orders && options.orders == OrderRule::column) {
    refuse("--orders column needs the column of orders: --columns ...,order=NAME");
  }
  if (options.folds.text.empty()) return;
  const bool folds_by_column = options.folds.rule.origin == FoldOrigin::column;
  if (is_named(&ColumnChoice::fold) && !folds_by_column) {
    refuse("--columns ...,fold=NAME and --folds exclude each other; expected --folds column, or no column of folds");
  }
  if (!is_named(&ColumnChoice::fold) && folds_by_column) {
    refuse("--folds column needs the column of folds: --columns ...,fold=NAME");
  }
}
}  // namespace

void require_sense(const PrepareOptions& options) {
  require_sense(options.memory);
  require_sense(options.cleaning);
  require_sense(options.privacy, options.cleaning.quarantine);
  require_sense(options.tables);
  require_columns(options);
  const bool has_quantity = options.log.columns && !options.log.columns->quantity.empty();
  if (has_quantity && options.log.missing.value == MissingRule::fill) {
    throw Error(ExitCode::usage, "--missing value: with a column of quantities nothing can be filled in");
  }
  if (options.cleaning.half_life_seconds && options.min_total.kind == TotalBound::Kind::given) {
    throw Error(ExitCode::usage,
                "--half-life and a number for --min-total exclude each other: values get smaller with "
                "their age; expected --min-total auto or none");
  }
  if (!transforms_after_split(options.cleaning.transforms).empty() &&
      options.min_total.kind == TotalBound::Kind::given) {
    throw Error(ExitCode::usage,
                "--transform centre and a number for --min-total exclude each other: values are distances from a mean "
                "then; expected --min-total auto or none");
  }
  if (options.validation.kind == SplitKind::none) return;
  if (options.validation.kind == SplitKind::column) {
    throw Error(ExitCode::usage,
                "--validation column is no choice: the column of --split column says what is validated, too");
  }
  if (options.split.kind == SplitKind::none) {
    throw Error(ExitCode::usage,
                "--validation needs --split: it is to choose by other rows than those that are reported. If nothing is "
                "to be reported, hold out by --split alone, which als --validation-metric then reads");
  }
  if (options.validation.kind == SplitKind::users && options.split.kind != SplitKind::users) {
    throw Error(ExitCode::usage,
                "--validation users needs --split users: else users would be held out whole of whom other interactions "
                "are in the held-out part; expected random, leave-last, temporal or items");
  }
}

}  // namespace rankwise
