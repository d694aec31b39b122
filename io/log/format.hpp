#pragma once
// What a text file must say to be an interaction log, and what the user said about it.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/conditions/condition_text.hpp"
#include "io/log/event_weights.hpp"
#include "io/text/missing_values.hpp"
#include "io/text/text_format.hpp"
#include "io/text/time_text.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// What to do with a row whose field is missing; values alone can be filled in.
enum class MissingRule { error, skip, fill };

/// What stands in for a missing value: a statistic of all values that are there, or a number.
struct ValueFill {
  enum class Kind { mean, median, mode, constant };
  Kind kind = Kind::mean;
  double constant = 0;
  friend bool operator==(const ValueFill&, const ValueFill&) = default;
};

/// A rule for each role.
struct MissingRules {
  MissingRules(MissingRule all = MissingRule::error)
      : user(all), item(all), value(all), time(all), fold(all), split(all), order(all), event(all) {}
  MissingRule user;
  MissingRule item;
  MissingRule value;  ///< of quantities, too
  MissingRule time;
  MissingRule fold;
  MissingRule split;
  MissingRule order;
  MissingRule event;
  ValueFill fill;  ///< if `value` is fill
  friend bool operator==(const MissingRules&, const MissingRules&) = default;
};

/// `error`, `skip`, or rules separated by commas, of which a word alone is for all roles and `ROLE=RULE` for one:
/// `skip,value=median`. Throws Error(usage) that lists the known words.
[[nodiscard]] MissingRules parse_missing_rules(std::string_view text);

/// How many bad rows are rejected and counted before reading ends with an error: a number, or a share of all rows.
struct BadRowLimit {
  Index rows = 0;
  double share = 0;

  [[nodiscard]] bool is_zero() const { return rows == 0 && share == 0; }
  [[nodiscard]] Index allowed(Index rows_read) const;
};

/// `12` rows or `0.1%` of them; throws Error(usage).
[[nodiscard]] BadRowLimit parse_bad_row_limit(std::string_view text);

/// Factors of a product in `value=A*B`, at most.
inline constexpr int max_value_factors = 8;

/// Which columns hold what, in the user's words: names of the header, or 1-based numbers.
struct ColumnChoice {
  std::string user;
  std::string item;
  std::vector<std::string> value;  ///< factors of a product; empty: each row counts 1
  std::string time;                ///< empty: no time
  std::string fold;                ///< empty: no folds
  std::string split = {};          ///< empty: the log does not say what is held out
  std::string order = {};          ///< empty: no orders
  std::string event = {};          ///< empty: no kinds of events
  std::string quantity = {};       ///< empty: none; by what cancellations are matched
  std::string price = {};          ///< empty: none; without a value, quantity * price is the value
};

/// `user=userId,item=movieId,value=Quantity*UnitPrice,time=4,fold=Part,quantity=Quantity`; throws Error(usage).
[[nodiscard]] ColumnChoice parse_column_choice(std::string_view text);

/// Which rows of a log are taken, and what they weigh.
struct RowFilter {
  std::optional<RowCondition> condition;           ///< others are dropped
  std::optional<std::int64_t> since_microseconds;  ///< rows before are dropped
  std::optional<std::int64_t> until_microseconds;  ///< rows from then on are dropped
  std::optional<EventWeights> event_weights;       ///< a value is multiplied by it; rows of weight 0 are dropped
  [[nodiscard]] bool has_period() const { return since_microseconds || until_microseconds; }
};

/// Whether messages quote what rows hold: not if it is to be secret.
enum class Quoting { shown, hidden };

struct LogOptions {
  TextFormat format = TextFormat::automatic;
  Delimiter delimiter = {};
  DecimalSign decimal = {};
  HeaderRule header = HeaderRule::automatic;
  MissingRules missing = {};
  BadRowLimit max_bad = {};
  MissingValues missing_values = MissingValues();
  TimeChoice time = {};
  std::optional<ColumnChoice> columns;
  RowFilter filter = {};
  Quoting quoting = Quoting::shown;
};

/// The error as it may be told; if quotes are hidden, "..." stands in its message for all from the first one to the
/// last.
[[nodiscard]] Error told(const Error& error, Quoting quoting);

/// 0-based columns of a delimited file; -1 where there is none.
struct ColumnNumbers {
  int user = -1;
  int item = -1;
  int time = -1;
  int fold = -1;
  int split = -1;
  int order = -1;
  int event = -1;
  int quantity = -1;
  int value_factors = 0;
  std::array<int, max_value_factors> value{};
  int condition_columns = 0;  ///< in use of the next ones, of RowCondition::columns()
  std::array<int, most_condition_columns> condition{};
};

/// Calls visit(column) with a reference to each column there is.
template <class Visit>
void for_each_column(ColumnNumbers& columns, const Visit& visit) {
  for (int* const column : {&columns.user, &columns.item, &columns.time, &columns.fold, &columns.split, &columns.order,
                            &columns.event, &columns.quantity}) {
    if (*column >= 0) visit(*column);
  }
  for (int factor = 0; factor < columns.value_factors; ++factor) visit(columns.value[static_cast<std::size_t>(factor)]);
  for (int c = 0; c < columns.condition_columns; ++c) visit(columns.condition[static_cast<std::size_t>(c)]);
}

/// By what a header line is known again inside a file, where files with headers were joined; without a header all 0.
struct HeaderMark {
  std::uint64_t hash = 0;  ///< of all names
  std::int32_t user_bytes = 0;
  std::int32_t item_bytes = 0;
  char user_begin = '\0';  ///< of the user column's name; a row's user seldom begins like it
};

/// All that a rank must know to read its part of one log. Trivially copyable: the root finds it out, the others receive
/// it.
struct LogLayout : TextLayout {
  ColumnNumbers columns;
  HeaderMark header;  ///< of a file that has one
  TimeForm time = TimeForm::by_look;
  Index matrix_rows = 0;  ///< matrix-market: the size line
  Index matrix_columns = 0;
  Index matrix_entries = 0;
};

}  // namespace rankwise
