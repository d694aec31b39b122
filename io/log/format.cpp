#include "io/log/format.hpp"

#include <cmath>
#include <fmt/format.h>

#include "kernels/base/error.hpp"
#include "kernels/text/number_text.hpp"

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

namespace {
std::optional<MissingRule> plain_rule(std::string_view word) {
  if (word == "error") return MissingRule::error;
  if (word == "skip") return MissingRule::skip;
  return std::nullopt;
}

std::optional<ValueFill> value_fill(std::string_view word) {
  if (word == "mean") return ValueFill{ValueFill::Kind::mean, 0};
  if (word == "median") return ValueFill{ValueFill::Kind::median, 0};
  if (word == "mode") return ValueFill{ValueFill::Kind::mode, 0};
  constexpr std::string_view constant = "constant:";
  if (!word.starts_with(constant)) return std::nullopt;
  const std::optional<double> number = finite_number(word.substr(constant.size()));
  return number ? std::optional(ValueFill{ValueFill::Kind::constant, *number}) : std::nullopt;
}

/// Whether `word` is a rule for this role; if so it is put into `rules`.
bool set_rule(MissingRules& rules, std::string_view role, std::string_view word) {
  const std::optional<MissingRule> plain = plain_rule(word);
  if (role == "value" && !plain) {
    const std::optional<ValueFill> fill = value_fill(word);
    if (!fill) return false;
    rules.value = MissingRule::fill;
    rules.fill = *fill;
    return true;
  }
  MissingRule* const place = role == "user"    ? &rules.user
                             : role == "item"  ? &rules.item
                             : role == "value" ? &rules.value
                             : role == "time"  ? &rules.time
                             : role == "fold"  ? &rules.fold
                             : role == "split" ? &rules.split
                             : role == "order" ? &rules.order
                             : role == "event" ? &rules.event
                                               : nullptr;
  if (place == nullptr || !plain) return false;
  *place = *plain;
  return true;
}
}  // namespace

MissingRules parse_missing_rules(std::string_view text) {
  MissingRules rules;
  const auto fail = [&](std::string_view piece) {
    throw Error(ExitCode::usage,
                fmt::format("--missing '{}': '{}' is unknown; expected one of error, skip, or ROLE=RULE separated by "
                            "commas: roles user, item, value, time, fold, split, order and event; rules error and "
                            "skip, and for the value "
                            "also mean, median, mode and constant:X",
                            text, piece));
  };
  const std::vector<std::string> words = pieces(text, ',');
  for (const std::string& word : words) {  // words for all roles first, wherever they are
    if (word.find('=') != std::string::npos) continue;
    const std::optional<MissingRule> rule = plain_rule(word);
    if (!rule) fail(word);
    rules = MissingRules(*rule);
  }
  for (const std::string& word : words) {
    const auto equals = word.find('=');
    if (equals == std::string::npos) continue;
    if (!set_rule(rules, std::string_view(word).substr(0, equals), std::string_view(word).substr(equals + 1))) {
      fail(word);
    }
  }
  return rules;
}

Index BadRowLimit::allowed(Index rows_read) const {
  return share > 0 ? static_cast<Index>(std::floor(share * static_cast<double>(rows_read))) : rows;
}

BadRowLimit parse_bad_row_limit(std::string_view text) {
  if (text.ends_with('%')) {
    const std::optional<double> number = finite_number(text.substr(0, text.size() - 1));
    if (number && *number >= 0 && *number <= 100) return {0, *number / 100};
  } else if (const auto rows = whole_number<Index>(text); rows && *rows >= 0) {
    return {*rows, 0};
  }
  throw Error(ExitCode::usage,
              fmt::format("--max-bad '{}': expected a number of rows, or a share such as 0.1%, at most 100%", text));
}

ColumnChoice parse_column_choice(std::string_view text) {
  ColumnChoice choice;
  const auto fail = [&](const std::string& reason) {
    throw Error(
        ExitCode::usage,
        fmt::format("--columns '{}': {}; expected user=NAME,item=NAME[,value=NAME[*NAME]][,time=NAME][,fold=NAME]"
                    "[,split=NAME][,order=NAME][,event=NAME][,quantity=NAME][,price=NAME]",
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
    std::string* const place = role == "user"       ? &choice.user
                               : role == "item"     ? &choice.item
                               : role == "time"     ? &choice.time
                               : role == "fold"     ? &choice.fold
                               : role == "split"    ? &choice.split
                               : role == "order"    ? &choice.order
                               : role == "event"    ? &choice.event
                               : role == "quantity" ? &choice.quantity
                               : role == "price"    ? &choice.price
                                                    : nullptr;
    if (place == nullptr)
      fail(fmt::format("'{}' is not user, item, value, time, fold, split, order, event, quantity or price", role));
    if (!place->empty()) fail(fmt::format("{} is given twice", role));
    *place = column;
  }
  if (choice.user.empty() || choice.item.empty()) fail("user and item are needed");
  if (!choice.price.empty() && choice.quantity.empty()) fail("a price needs a quantity");
  if (choice.value.empty() && !choice.quantity.empty()) {
    choice.value.push_back(choice.quantity);
    if (!choice.price.empty()) choice.value.push_back(choice.price);
  }
  return choice;
}

Error told(const Error& error, Quoting quoting) {
  const std::string_view message = error.what();
  const auto first = message.find('\'');
  const auto last = message.rfind('\'');
  if (quoting == Quoting::shown || first == last) return error;
  return {error.code(), fmt::format("{}...{}", message.substr(0, first), message.substr(last + 1))};
}

}  // namespace rankwise
