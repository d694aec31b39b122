#define XXH_INLINE_ALL
#include "io/log/row_parser.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <span>
#include <xxhash.h>

#include "distributed/log/fold.hpp"
#include "io/log/columns.hpp"
#include "kernels/base/error.hpp"
#include "kernels/text/number_text.hpp"
#include "kernels/text/shown_text.hpp"
#include "kernels/text/utf8.hpp"

namespace rankwise {

namespace {
std::string_view field_at(const std::vector<std::string_view>& fields, int column) {
  return fields[static_cast<std::size_t>(column)];
}

/// Of the fields and of where they end.
std::uint64_t hash_of(const std::vector<std::string_view>& fields) {
  std::uint64_t hash = 0;
  for (const std::string_view field : fields) hash = XXH3_64bits_withSeed(field.data(), field.size(), hash);
  return hash;
}

/// Values become float32 in the dataset.
double within_float(double value) {
  if (!(std::fabs(value) <= static_cast<double>(std::numeric_limits<float>::max()))) {
    throw Error(ExitCode::bad_data, fmt::format("value {} is beyond the range of 32-bit floating point", value));
  }
  return value;
}

std::int32_t fold_number(std::string_view text) {
  constexpr auto last_fold = static_cast<std::int32_t>(most_folds - 1);
  if (const auto number = whole_number<std::int32_t>(text, 0, last_fold)) return *number;
  throw Error(ExitCode::bad_data, fmt::format("fold {} is not a number from 0 to {}", shown(text), last_fold));
}

SplitMark split_mark(std::string_view text) {
  if (text == "training" || text == "train") return SplitMark::training;
  if (text == "validation" || text == "valid") return SplitMark::validation;
  if (text == "heldout" || text == "test") return SplitMark::heldout;
  throw Error(ExitCode::bad_data,
              fmt::format("split {} is none of training (train), validation (valid) and heldout (test)", shown(text)));
}

Index matrix_index(std::string_view text, Index limit, std::string_view role) {
  if (const auto index = whole_number<Index>(text, 1, limit)) return *index;
  throw Error(ExitCode::bad_data, fmt::format("{} {} is not a number from 1 to {}", role, shown(text), limit));
}
}  // namespace

HeaderMark mark_of(const std::vector<std::string_view>& header, const ColumnNumbers& columns) {
  const std::string_view user = field_at(header, columns.user);
  return {hash_of(header), static_cast<std::int32_t>(user.size()),
          static_cast<std::int32_t>(field_at(header, columns.item).size()), user.empty() ? '\0' : user.front()};
}

ParsedRecord RowParser::append(const std::vector<std::string_view>& fields, InteractionLog& log) {
  rule_ = RowRule::field_count;
  check_field_count(fields, layout_.fields);
  if (layout_.format != TextFormat::matrix_market) return append_delimited(fields, log);
  append_matrix_entry(fields, log);
  return ParsedRecord::row;
}

bool RowParser::is_missing(std::string_view field, RowRule rule, MissingRule missing, Index& count) {
  if (!missing_values_.holds(field)) return false;
  rule_ = rule;
  if (missing == MissingRule::error) {
    const std::string_view role = rule_name(rule).substr(std::string_view("missing-").size());
    if (is_blank_text(field)) {
      throw Error(ExitCode::bad_data, fmt::format("the {} field is empty (--missing skip drops such rows)", role));
    }
    throw Error(ExitCode::bad_data, fmt::format("the {} field holds {}, which means missing (--missing skip drops such "
                                                "rows, --missing-values changes the words)",
                                                role, shown(field)));
  }
  ++count;
  return true;
}

bool RowParser::repeats_header(const std::vector<std::string_view>& fields) const {
  const HeaderMark& header = layout_.header;
  const std::string_view user = field_at(fields, layout_.columns.user);
  if (header.user_begin == '\0' || user.empty()) return false;
  const std::string_view item = field_at(fields, layout_.columns.item);
  if (user.front() == header.user_begin && std::ssize(user) == header.user_bytes &&
      std::ssize(item) == header.item_bytes && hash_of(fields) == header.hash) {
    return true;
  }
  const bool ends_as_names = user.back() < '0' || user.back() > '9';  // most ids end in a digit: no closer look
  return ends_as_names && is_common_user_name(user) && is_common_item_name(item) &&
         std::ranges::none_of(fields, is_number);
}

bool RowParser::fulfils_condition(const std::vector<std::string_view>& fields) const {
  if (!filter_.condition) return true;
  const std::span<const int> columns(layout_.columns.condition.data(), filter_.condition->columns().size());
  return filter_.condition->holds(
      {.fields = fields, .columns = columns, .missing_values = missing_values_, .decimal = layout_.decimal});
}

bool RowParser::is_in_period(std::int64_t time_microseconds) const {
  return !(filter_.since_microseconds && time_microseconds < *filter_.since_microseconds) &&
         !(filter_.until_microseconds && time_microseconds >= *filter_.until_microseconds);
}

ParsedRecord RowParser::rejected_by(RowRule rule) {
  rule_ = rule;
  return ParsedRecord::rejected;
}

/// The product of the value's columns; NaN for one that is missing, which is skipped or filled in.
double RowParser::value_of(const std::vector<std::string_view>& fields, InteractionLog& log, bool& is_skipped) {
  double value = 1;
  for (int factor = 0; factor < layout_.columns.value_factors; ++factor) {
    const std::string_view field = field_at(fields, layout_.columns.value[static_cast<std::size_t>(factor)]);
    if (is_missing(field, RowRule::missing_value, missing_.value, log.missing.value)) {
      is_skipped = missing_.value == MissingRule::skip;
      return std::numeric_limits<double>::quiet_NaN();
    }
    rule_ = RowRule::unreadable_value;
    value *= parse_number(field, "value", layout_.decimal);
  }
  return value;
}

ParsedRecord RowParser::append_delimited(const std::vector<std::string_view>& fields, InteractionLog& log) {
  if (repeats_header(fields)) {
    ++log.repeated_headers;
    return ParsedRecord::header;
  }
  if (!fulfils_condition(fields)) {
    ++log.filtered.condition;
    return rejected_by(RowRule::condition);
  }
  const ColumnNumbers& columns = layout_.columns;
  const auto field = [&](int column) { return column >= 0 ? field_at(fields, column) : std::string_view(); };
  const auto lacks = [&](int column, RowRule rule, MissingRule missing, Index& count) {
    return column >= 0 && is_missing(field_at(fields, column), rule, missing, count);
  };
  if (lacks(columns.user, RowRule::missing_user, missing_.user, log.missing.user) ||
      lacks(columns.item, RowRule::missing_item, missing_.item, log.missing.item)) {
    return ParsedRecord::rejected;
  }
  const std::uint64_t expected_user = log.users.expected(field(columns.user));
  const std::uint64_t expected_item = log.items.expected(field(columns.item));
  bool is_skipped = false;
  double value = value_of(fields, log, is_skipped);
  if (is_skipped || lacks(columns.quantity, RowRule::missing_value, missing_.value, log.missing.value)) {
    return ParsedRecord::rejected;
  }
  rule_ = RowRule::unreadable_value;
  const double quantity =
      columns.quantity >= 0 ? parse_number(field(columns.quantity), "quantity", layout_.decimal) : 0;
  if (lacks(columns.time, RowRule::missing_time, missing_.time, log.missing.time) ||
      lacks(columns.fold, RowRule::missing_fold, missing_.fold, log.missing.fold) ||
      lacks(columns.split, RowRule::missing_split, missing_.split, log.missing.split) ||
      lacks(columns.order, RowRule::missing_order, missing_.order, log.missing.order) ||
      lacks(columns.event, RowRule::missing_event, missing_.event, log.missing.event)) {
    return ParsedRecord::rejected;
  }
  // All that can be rejected first: a row is stored whole or not at all.
  rule_ = RowRule::unreadable_time;
  const std::int64_t time_microseconds = columns.time >= 0 ? times_.read(field(columns.time)) : 0;
  if (filter_.has_period() && !is_in_period(time_microseconds)) {
    ++log.filtered.period;
    return rejected_by(RowRule::period);
  }
  log.users.expect_text(expected_user);
  log.items.expect_text(expected_item);
  const double weight = columns.event >= 0 ? filter_.event_weights->of(field(columns.event)) : 1;
  if (weight == 0) {
    ++log.filtered.event;
    return rejected_by(RowRule::event_weight);
  }
  rule_ = RowRule::unreadable_value;
  if (!std::isnan(value)) value = within_float(value * weight);
  rule_ = RowRule::unreadable_fold;
  const std::int32_t fold = columns.fold >= 0 ? fold_number(field(columns.fold)) : 0;
  rule_ = RowRule::unreadable_split;
  const SplitMark mark = columns.split >= 0 ? split_mark(field(columns.split)) : SplitMark::training;
  rule_ = std::nullopt;
  log.users.append(field(columns.user), expected_user);
  log.items.append(field(columns.item), expected_item);
  if (columns.order >= 0) log.orders.append(field(columns.order));
  log.values.push_back(value);
  if (columns.time >= 0) log.times_microseconds.push_back(time_microseconds);
  if (columns.fold >= 0) log.folds.push_back(fold);
  if (columns.split >= 0) log.split_marks.push_back(mark);
  if (columns.quantity >= 0) log.quantities.push_back(quantity);
  return ParsedRecord::row;
}

void RowParser::append_matrix_entry(const std::vector<std::string_view>& fields, InteractionLog& log) {
  rule_ = RowRule::unreadable_value;
  const Index row = matrix_index(fields[0], layout_.matrix_rows, "row");
  const Index column = matrix_index(fields[1], layout_.matrix_columns, "column");
  const double value = layout_.columns.value_factors == 0 ? 1 : within_float(parse_number(fields[2], "value"));
  log.users.append(row);
  log.items.append(column);
  log.values.push_back(value);
}

}  // namespace rankwise
