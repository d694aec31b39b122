#include "io/text/text_format.hpp"

#include <array>
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

constexpr std::array<std::pair<std::string_view, TextFormat>, 6> formats{{{"auto", TextFormat::automatic},
                                                                          {"csv", TextFormat::csv},
                                                                          {"tsv", TextFormat::tsv},
                                                                          {"movielens", TextFormat::movielens},
                                                                          {"matrix-market", TextFormat::matrix_market},
                                                                          {"jsonl", TextFormat::json_lines}}};
constexpr std::array<std::pair<std::string_view, HeaderRule>, 3> header_rules{
    {{"auto", HeaderRule::automatic}, {"present", HeaderRule::present}, {"absent", HeaderRule::absent}}};
constexpr std::array<std::pair<std::string_view, Delimiter>, 5> delimiters{
    {{"auto", {}}, {"comma", {','}}, {"semicolon", {';'}}, {"pipe", {'|'}}, {"tab", {'\t'}}}};
constexpr std::array<std::pair<std::string_view, DecimalSign>, 3> decimal_signs{
    {{"auto", {}}, {"point", {'.'}}, {"comma", {','}}}};
}  // namespace

TextFormat parse_text_format(std::string_view word) {
  return find_word<TextFormat>("--format", word, formats);
}
HeaderRule parse_header_rule(std::string_view word) {
  return find_word<HeaderRule>("--header", word, header_rules);
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

std::string_view text_format_name(TextFormat format) {
  for (const auto& [name, value] : formats) {
    if (value == format) return name;
  }
  return "";
}

std::string layout_text(const TextLayout& layout) {
  std::string text = fmt::format("{}{}", text_format_name(layout.format), packing_text(layout.file));
  if (layout.format == TextFormat::csv && layout.delimiter != ',') {
    text += layout.delimiter == ';'    ? " with semicolons"
            : layout.delimiter == '|'  ? " with pipes"
            : layout.delimiter == '\t' ? " with tabs"
                                       : fmt::format(" with '{}'", layout.delimiter);
  }
  if (layout.decimal == ',')
    text += text.find(" with ") == std::string::npos ? " with decimal commas" : " and decimal commas";
  return text;
}

}  // namespace rankwise
