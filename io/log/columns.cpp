#include "io/log/columns.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <span>

#include "kernels/base/error.hpp"
#include "kernels/text/nearest_name.hpp"
#include "kernels/text/number_text.hpp"
#include "kernels/text/text_encoding.hpp"

namespace rankwise {

namespace {
// Compared in lower case without blanks, dashes and underscores.
constexpr std::array<std::string_view, 12> user_names{"user",       "userid",   "uid",        "customer",
                                                      "customerid", "visitor",  "visitorid",  "member",
                                                      "memberid",   "reviewer", "reviewerid", "u"};
constexpr std::array<std::string_view, 16> item_names{
    "item",      "itemid",  "iid",       "movie", "movieid", "book",      "bookid",     "product",
    "productid", "article", "articleid", "sku",   "asin",    "stockcode", "parentasin", "i"};
constexpr std::array<std::string_view, 7> value_names{"rating", "value",   "score",  "stars",
                                                      "weight", "overall", "ratings"};
constexpr std::array<std::string_view, 8> time_names{"timestamp", "time",     "date",        "datetime",
                                                     "ts",        "unixtime", "invoicedate", "unixreviewtime"};

bool is_one_of(std::string_view name, std::span<const std::string_view> known) {
  std::string plain;
  for (const char c : name) {
    if (c == ' ' || c == '-' || c == '_') continue;
    plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return std::find(known.begin(), known.end(), plain) != known.end();
}

std::string listed(const std::vector<std::string>& header, int fields) {
  if (header.empty()) return fmt::format("it has no header; columns are numbered 1 to {}", fields);
  constexpr std::size_t most = 60;
  std::string text = "its columns are ";
  for (std::size_t i = 0; i < header.size() && i < most; ++i)
    text += fmt::format("{}{}", i == 0 ? "" : ", ", printable(header[i]));
  return header.size() > most ? text + ", ..." : text;
}

/// The only column whose name is usual for a role, or -1.
int guess_column(const std::vector<std::string>& header, std::span<const std::string_view> known,
                 std::string_view role) {
  int found = -1;
  for (std::size_t i = 0; i < header.size(); ++i) {
    if (!is_one_of(header[i], known)) continue;
    if (found >= 0) {
      throw Error(ExitCode::usage,
                  fmt::format("both '{}' and '{}' could be the {} column: choose with --columns",
                              printable(header[static_cast<std::size_t>(found)]), printable(header[i]), role));
    }
    found = static_cast<int>(i);
  }
  return found;
}
}  // namespace

bool is_common_column_name(std::string_view name) {
  return is_one_of(name, user_names) || is_one_of(name, item_names) || is_one_of(name, value_names) ||
         is_one_of(name, time_names);
}

bool is_id_column_name(std::string_view name) {
  return is_one_of(name, user_names) || is_one_of(name, item_names);
}

bool is_common_user_name(std::string_view name) {
  return is_one_of(name, user_names);
}

bool is_common_item_name(std::string_view name) {
  return is_one_of(name, item_names);
}

bool is_plain_id_name(std::string_view name) {
  return name == "id" || name == "ID" || name == "Id";
}

int find_column(const std::string& column, const std::vector<std::string>& header, int fields) {
  const auto found = std::find(header.begin(), header.end(), column);
  if (found != header.end()) {
    if (std::find(found + 1, header.end(), column) != header.end()) {
      throw Error(ExitCode::usage, fmt::format("two columns are named '{}': choose by number", column));
    }
    return static_cast<int>(found - header.begin());
  }
  if (const auto number = whole_number<int>(column, 1, fields)) return *number - 1;
  constexpr std::size_t shortest_guessed = 3;
  throw Error(ExitCode::usage,
              fmt::format("no column '{}': {}{}", column, listed(header, fields),
                          column.size() < shortest_guessed ? std::string() : nearest_hint(column, header, "")));
}

ColumnNumbers find_columns(const ColumnChoice& choice, const std::vector<std::string>& header, int fields) {
  ColumnNumbers columns;
  columns.user = find_column(choice.user, header, fields);
  columns.item = find_column(choice.item, header, fields);
  if (!choice.time.empty()) columns.time = find_column(choice.time, header, fields);
  if (!choice.fold.empty()) columns.fold = find_column(choice.fold, header, fields);
  if (!choice.split.empty()) columns.split = find_column(choice.split, header, fields);
  if (!choice.order.empty()) columns.order = find_column(choice.order, header, fields);
  if (!choice.event.empty()) columns.event = find_column(choice.event, header, fields);
  if (!choice.quantity.empty()) columns.quantity = find_column(choice.quantity, header, fields);
  for (const std::string& factor : choice.value) {
    columns.value[static_cast<std::size_t>(columns.value_factors++)] = find_column(factor, header, fields);
  }
  return columns;
}

void find_condition_columns(const RowCondition& condition, const std::vector<std::string>& header, int fields,
                            ColumnNumbers& columns) {
  for (const std::string& name : condition.columns()) {
    columns.condition[static_cast<std::size_t>(columns.condition_columns++)] = find_column(name, header, fields);
  }
}

ColumnNumbers guess_columns(const std::vector<std::string>& header) {
  ColumnNumbers columns;
  columns.user = guess_column(header, user_names, "user");
  columns.item = guess_column(header, item_names, "item");
  if (columns.user < 0 || columns.item < 0) {
    throw Error(ExitCode::usage,
                fmt::format("which column is the {}? Say --columns user=NAME,item=NAME,...; {}",
                            columns.user < 0 ? "user" : "item", listed(header, static_cast<int>(header.size()))));
  }
  columns.time = guess_column(header, time_names, "time");
  const int value = guess_column(header, value_names, "value");
  if (value >= 0) {
    columns.value_factors = 1;
    columns.value[0] = value;
  }
  return columns;
}

}  // namespace rankwise
