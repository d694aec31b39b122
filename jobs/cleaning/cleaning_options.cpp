#include "jobs/cleaning/cleaning_options.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "jobs/options/file_option.hpp"
#include "kernels/base/error.hpp"
#include "kernels/text/number_text.hpp"
#include "kernels/text/units.hpp"

namespace rankwise {

namespace {
namespace po = boost::program_options;

const Endings report_endings{".json", ".html", ".htm"};

/// The text before the next colon, which is taken off `rest`.
std::string_view next_word(std::string_view& rest) {
  const auto colon = rest.find(':');
  const std::string_view word = rest.substr(0, colon);
  rest = colon == std::string_view::npos ? std::string_view() : rest.substr(colon + 1);
  return word;
}

/// Whether the numbers fit the rule's kind.
bool set_numbers(OutlierRule& rule, std::string_view text) {
  if (rule.kind != OutlierRule::Kind::quantile) {
    const std::optional<double> multiple = finite_number(text);
    if (!multiple || *multiple < 0) return false;
    rule.multiple = *multiple;
    return true;
  }
  const auto comma = text.find(',');
  if (comma == std::string_view::npos) return false;
  const std::optional<double> low = finite_number(text.substr(0, comma));
  const std::optional<double> high = finite_number(text.substr(comma + 1));
  if (!low || !high || !(*low >= 0 && *low < *high && *high <= 1)) return false;
  rule.low = *low;
  rule.high = *high;
  return true;
}

/// A choice between two words, as an option's value.
template <class Value>
Value one_of(std::string_view option, std::string_view word, std::pair<std::string_view, Value> first,
             std::pair<std::string_view, Value> second) {
  if (word == first.first) return first.second;
  if (word == second.first) return second.second;
  throw Error(ExitCode::usage,
              fmt::format("{} '{}' is unknown; expected {} or {}", option, word, first.first, second.first));
}

auto* count_option(std::optional<Index>& target, std::string_view name) {
  return po::value<Index>()->value_name("N")->notifier([&target, name](Index count) {
    if (count < 1) throw Error(ExitCode::usage, fmt::format("{} must be at least 1, not {}", name, count));
    target = count;
  });
}

auto* share_option(std::optional<double>& target, std::string_view name) {
  return po::value<double>()->value_name("SHARE")->notifier([&target, name](double share) {
    if (!(share > 0 && share < 1)) {
      throw Error(ExitCode::usage, fmt::format("{}: {} is not a share above 0 and below 1", name, share));
    }
    target = share;
  });
}

void add_row_rules(po::options_description& options, CleaningOptions& values) {
  auto add = options.add_options();
  add("exact-repeats", po::value<std::string>()->value_name("RULE")->notifier([&values](const std::string& word) {
    values.exact_repeats =
        one_of<ExactRepeats>("--exact-repeats", word, {"drop", ExactRepeats::drop}, {"keep", ExactRepeats::keep});
  }),
      "rows that an earlier row says already, with the same user, item, value, time and quantity: drop, or keep "
      "(unless asked otherwise)");
  add("cancellations", po::value<std::string>()->value_name("RULE")->notifier([&values](const std::string& word) {
    values.cancellations =
        one_of<Cancellations>("--cancellations", word, {"match", Cancellations::match}, {"keep", Cancellations::keep});
  }),
      "match: rows with a negative quantity (or value) take back the nearest earlier purchases of their user and item; "
      "keep (unless asked otherwise): they are rows like others");
  add("unmatched-cancellations",
      po::value<std::string>()->value_name("RULE")->notifier([&values](const std::string& word) {
        values.unmatched =
            one_of<Unmatched>("--unmatched-cancellations", word, {"drop", Unmatched::drop}, {"keep", Unmatched::keep});
      }),
      "with --cancellations match, those that find no earlier purchase: drop (unless asked otherwise) or keep");
  add("outliers",
      po::value(&values.outlier_words)
          ->composing()
          ->value_name("RULE")
          ->notifier([&values](const std::vector<std::string>& words) {
            values.outliers.clear();
            for (const std::string& word : words) values.outliers.push_back(parse_outlier_rule(word));
          }),
      "SCOPE:KIND:NUMBERS[:drop|clip], may be repeated. SCOPE value, or item-value (bounds of each item); KIND iqr:C, "
      "mad:C or quantile:LOW,HIGH, for example value:iqr:1.5:drop");
  add("outlier-min-rows", count_option(values.outlier_min_rows, "--outlier-min-rows"),
      "item-value leaves items with fewer rows alone (10)");
}

void add_user_rules(po::options_description& options, CleaningOptions& values) {
  auto add = options.add_options();
  add("max-user-count", count_option(values.max_user_count, "--max-user-count"), "drop users with more items");
  add("max-events-per-day", count_option(values.max_events_per_day, "--max-events-per-day"),
      "drop users with more rows on one day (UTC)");
  add("max-catalogue-share", share_option(values.max_catalogue_share, "--max-catalogue-share"),
      "drop users that have a larger share of all items");
  add("max-item-share", share_option(values.max_item_share, "--max-item-share"),
      "drop items that a larger share of all users has");
  add("half-life", po::value<std::string>()->value_name("DURATION")->notifier([&values](const std::string& text) {
    values.half_life_seconds = parse_duration(text);
    if (!values.half_life_seconds) {
      throw Error(ExitCode::usage, fmt::format("--half-life '{}': expected a duration such as 90d or 12h", text));
    }
  }),
      "values halve with each such time before the latest row that training has, so that old rows count less");
  add("transform",
      po::value<std::vector<std::string>>()->composing()->value_name("RULE")->notifier(
          [&values](const std::vector<std::string>& words) {
            values.transforms.clear();
            for (const std::string& word : words) values.transforms.push_back(parse_transform(word));
          }),
      "give rows other values, may be repeated: binarize:T (1 if above T, else the row is dropped), log1p, "
      "centre:user|item|global (less that mean of the training rows), clip:LOW,HIGH");
}
}  // namespace

bool CleaningOptions::any_rule() const {
  return exact_repeats == ExactRepeats::drop || cancellations == Cancellations::match || !outliers.empty() ||
         max_user_count || max_events_per_day || max_catalogue_share || max_item_share ||
         !transforms_before_split(transforms).empty();
}

OutlierRule parse_outlier_rule(std::string_view text) {
  OutlierRule rule;
  std::string_view rest = text;
  const std::string_view scope = next_word(rest);
  const std::string_view kind = next_word(rest);
  const std::string_view numbers = next_word(rest);
  const bool is_whole = rest.empty();
  const std::string_view action = is_whole ? std::string_view("drop") : rest;
  const bool is_known = (scope == "value" || scope == "item-value") &&
                        (kind == "iqr" || kind == "mad" || kind == "quantile") &&
                        (action == "drop" || action == "clip");
  rule.scope = scope == "value" ? OutlierRule::Scope::all_values : OutlierRule::Scope::values_of_item;
  rule.kind = kind == "iqr"   ? OutlierRule::Kind::iqr
              : kind == "mad" ? OutlierRule::Kind::mad
                              : OutlierRule::Kind::quantile;
  rule.action = action == "clip" ? OutlierRule::Action::clip : OutlierRule::Action::drop;
  if (is_known && set_numbers(rule, numbers)) return rule;
  throw Error(ExitCode::usage,
              fmt::format("--outliers '{}': expected value or item-value, then :iqr:C, :mad:C or :quantile:LOW,HIGH, "
                          "then perhaps :drop or :clip, as in value:iqr:1.5:drop",
                          text));
}

void add_cleaning_options(po::options_description& options, CleaningOptions& values) {
  add_row_rules(options, values);
  add_user_rules(options, values);
  auto add = options.add_options();
  add("quarantine", written_file(&values.quarantine, csv_endings),
      "write every rejected row, with its file, line, rule and reason (CSV)");
  add("report",
      (new FileValue<std::vector<std::string>>(&values.reports, "FILE", {FileUse::written, report_endings, {}}))
          ->composing(),
      "write the account of all rows and what the log looks like: a page (.html) or data (.json); may be given twice");
}

void require_sense(const CleaningOptions& options) {
  require_sense(options.transforms);
  if (options.unmatched && options.cancellations == Cancellations::keep) {
    throw Error(ExitCode::usage, "--unmatched-cancellations needs --cancellations match");
  }
  const bool by_item = std::ranges::any_of(
      options.outliers, [](const OutlierRule& rule) { return rule.scope == OutlierRule::Scope::values_of_item; });
  if (options.outlier_min_rows && !by_item) {
    throw Error(ExitCode::usage, "--outlier-min-rows needs --outliers item-value:...");
  }
}

}  // namespace rankwise
