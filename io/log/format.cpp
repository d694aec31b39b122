#include "io/log/format.hpp"

#include <fmt/format.h>
#include <span>
#include <utility>

#include "kernels/base/error.hpp"

namespace rankwise {

namespace {
template <class Value>
using Words = std::span<const std::pair<std::string_view, Value>>;

template <class Value>
Value find_word(std::string_view option, std::string_view word, Words<Value> words) {
  std::string known;
  for (const auto& [name, value] : words) {
    if (name == word) return value;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", name);
  }
  throw Error(ExitCode::usage, fmt::format("{} '{}' is unknown; expected one of {}", option, word, known));
}

constexpr std::array<std::pair<std::string_view, LogFormat>, 5> formats{{{"auto", LogFormat::automatic},
                                                                         {"csv", LogFormat::csv},
                                                                         {"tsv", LogFormat::tsv},
                                                                         {"movielens", LogFormat::movielens},
                                                                         {"matrix-market", LogFormat::matrix_market}}};
constexpr std::array<std::pair<std::string_view, HeaderRule>, 3> header_rules{
    {{"auto", HeaderRule::automatic}, {"present", HeaderRule::present}, {"absent", HeaderRule::absent}}};
constexpr std::array<std::pair<std::string_view, Delimiter>, 5> delimiters{
    {{"auto", {}}, {"comma", {','}}, {"semicolon", {';'}}, {"pipe", {'|'}}, {"tab", {'\t'}}}};
constexpr std::array<std::pair<std::string_view, DecimalSign>, 3> decimal_signs{
    {{"auto", {}}, {"point", {'.'}}, {"comma", {','}}}};
constexpr std::array<std::pair<std::string_view, MissingRule>, 2> missing_rules{
    {{"error", MissingRule::error}, {"skip", MissingRule::skip}}};

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

LogFormat parse_log_format(std::string_view word) {
  return find_word<LogFormat>("--format", word, formats);
}
HeaderRule parse_header_rule(std::string_view word) {
  return find_word<HeaderRule>("--header", word, header_rules);
}
MissingRule parse_missing_rule(std::string_view word) {
  return find_word<MissingRule>("--missing", word, missing_rules);
}

Delimiter parse_delimiter(std::string_view word) {
  if (word.size() != 1) return find_word<Delimiter>("--delimiter", word, delimiters);
  constexpr std::string_view others = "\"'.+-_\\ ";
  const char c = word.front();
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  if ((c != '\t' && c < ' ') || c > '~' || letter || others.find(c) != std::string_view::npos) {
    throw Error(ExitCode::usage, fmt::format("--delimiter '{}' cannot divide fields; expected auto, comma, semicolon, "
                                             "pipe, tab or a sign such as '^'",
                                             c < ' ' || c > '~' ? '?' : c));
  }
  return {c};
}

DecimalSign parse_decimal(std::string_view word) {
  return find_word<DecimalSign>("--decimal", word, decimal_signs);
}

std::string_view log_format_name(LogFormat format) {
  for (const auto& [name, value] : formats) {
    if (value == format) return name;
  }
  return "";
}

std::string layout_text(const TextLayout& layout) {
  std::string text = fmt::format("{}{}", log_format_name(layout.format), packing_text(layout.file));
  if (layout.format == LogFormat::csv && layout.delimiter != ',') {
    text += layout.delimiter == ';'    ? " with semicolons"
            : layout.delimiter == '|'  ? " with pipes"
            : layout.delimiter == '\t' ? " with tabs"
                                       : fmt::format(" with '{}'", layout.delimiter);
  }
  if (layout.decimal == ',')
    text += text.find(" with ") == std::string::npos ? " with decimal commas" : " and decimal commas";
  return text;
}

ColumnChoice parse_column_choice(std::string_view text) {
  ColumnChoice choice;
  const auto fail = [&](const std::string& reason) {
    throw Error(
        ExitCode::usage,
        fmt::format("--columns '{}': {}; expected user=NAME,item=NAME[,value=NAME[*NAME]][,time=NAME][,fold=NAME]",
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
    std::string* const place = role == "user"   ? &choice.user
                               : role == "item" ? &choice.item
                               : role == "time" ? &choice.time
                               : role == "fold" ? &choice.fold
                                                : nullptr;
    if (place == nullptr) fail(fmt::format("'{}' is not user, item, value, time or fold", role));
    if (!place->empty()) fail(fmt::format("{} is given twice", role));
    *place = column;
  }
  if (choice.user.empty() || choice.item.empty()) fail("user and item are needed");
  return choice;
}

}  // namespace rankwise
