#include "io/log/format.hpp"

#include <fmt/format.h>

#include "kernels/base/error.hpp"

namespace rankwise {

namespace {
/// The pieces of `text` between separators; an empty text is one empty piece.
std::vector<std::string> pieces(std::string_view text, char separator) {
  std::vector<std::string> result;
  while (true) {
    const auto cut = text.find(separator);
    result.emplace_back(text.substr(0, cut));
    if (cut == std::string_view::npos) return result;
    text.remove_prefix(cut + 1);
  }
}
}  // namespace

MissingRule parse_missing_rule(std::string_view word) {
  if (word == "error") return MissingRule::error;
  if (word == "skip") return MissingRule::skip;
  throw Error(ExitCode::usage, fmt::format("--missing '{}' is unknown; expected one of error, skip", word));
}

ColumnChoice parse_column_choice(std::string_view text) {
  ColumnChoice choice;
  const auto fail = [&](const std::string& reason) {
    throw Error(
        ExitCode::usage,
        fmt::format("--columns '{}': {}; expected user=NAME,item=NAME[,value=NAME[*NAME]][,time=NAME][,fold=NAME]"
                    "[,order=NAME][,event=NAME]",
                    text, reason));
  };
  for (const std::string& piece : pieces(text, ',')) {
    const auto equals = piece.find('=');
    if (equals == std::string::npos || equals + 1 == piece.size()) fail(fmt::format("'{}' names no column", piece));
    const std::string role = piece.substr(0, equals);
    const std::string column = piece.substr(equals + 1);
    if (role == "value") {
      if (!choice.value.empty()) fail("value is given twice");
      choice.value = pieces(column, '*');
      for (const std::string& factor : choice.value) {
        if (factor.empty()) fail("a factor of the value is empty");
      }
      if (static_cast<int>(choice.value.size()) > max_value_factors) {
        fail(fmt::format("a value is a product of at most {} columns", max_value_factors));
      }
      continue;
    }
    std::string* const place = role == "user"    ? &choice.user
                               : role == "item"  ? &choice.item
                               : role == "time"  ? &choice.time
                               : role == "fold"  ? &choice.fold
                               : role == "order" ? &choice.order
                               : role == "event" ? &choice.event
                                                 : nullptr;
    if (place == nullptr) fail(fmt::format("'{}' is not user, item, value, time, fold, order or event", role));
    if (!place->empty()) fail(fmt::format("{} is given twice", role));
    *place = column;
  }
  if (choice.user.empty() || choice.item.empty()) fail("user and item are needed");
  return choice;
}

}  // namespace rankwise
