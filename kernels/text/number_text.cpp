#include "kernels/text/number_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fmt/format.h>

#include "kernels/base/error.hpp"
#include "kernels/text/shown_text.hpp"

namespace rankwise {

namespace {

template <class Number>
std::optional<Number> take_number(std::string_view& text) {
  Number number{};
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (status != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

template <class Number>
std::optional<Number> all_as_number(std::string_view text) {
  const std::optional<Number> number = take_number<Number>(text);
  return text.empty() ? number : std::nullopt;
}

/// "1,5" as 1.5; numbers are short.
std::optional<double> number_with_comma(std::string_view text) {
  std::array<char, 64> digits{};
  if (text.size() > digits.size() || text.find('.') != std::string_view::npos) return std::nullopt;
  std::ranges::copy(text, digits.begin());
  if (const auto comma = text.find(','); comma != std::string_view::npos) digits[comma] = '.';
  return number_of({digits.data(), text.size()});
}

/// Why `text` is no number with this decimal sign, perhaps which option reads it.
std::string_view decimal_hint(std::string_view text, char decimal) {
  const char other = decimal == '.' ? ',' : '.';
  if (!number_of(text, other)) return "";
  return other == ',' ? " (--decimal comma reads decimal commas)" : " with a decimal comma (--decimal point)";
}

}  // namespace

template <class Whole>
std::optional<Whole> whole_number(std::string_view text) {
  return all_as_number<Whole>(text);
}

template <class Whole>
std::optional<Whole> take_whole_number(std::string_view& text) {
  return take_number<Whole>(text);
}

template std::optional<std::int32_t> whole_number(std::string_view text);
template std::optional<std::int64_t> whole_number(std::string_view text);
template std::optional<std::uint64_t> whole_number(std::string_view text);
template std::optional<std::int32_t> take_whole_number(std::string_view& text);
template std::optional<std::int64_t> take_whole_number(std::string_view& text);
template std::optional<std::uint64_t> take_whole_number(std::string_view& text);

std::optional<double> finite_number(std::string_view text) {
  const std::optional<double> number = all_as_number<double>(text);
  return number && std::isfinite(*number) ? number : std::nullopt;
}

std::optional<double> take_finite_number(std::string_view& text) {
  std::string_view rest = text;
  const std::optional<double> number = take_number<double>(rest);
  if (!number || !std::isfinite(*number)) return std::nullopt;
  text = rest;
  return number;
}

std::optional<double> number_of(std::string_view text, char decimal) {
  if (decimal != '.') return number_with_comma(text);
  if (text.size() > 1 && text.front() == '+' && text[1] != '-') text.remove_prefix(1);
  return all_as_number<double>(text);
}

bool is_number(std::string_view text) {
  return number_of(text).has_value();
}

double parse_number(std::string_view text, std::string_view role, char decimal) {
  const std::optional<double> value = number_of(text, decimal);
  if (!value) {
    throw Error(ExitCode::bad_data,
                fmt::format("{} {} is not a number{}", role, shown(text), decimal_hint(text, decimal)));
  }
  if (!std::isfinite(*value)) throw Error(ExitCode::bad_data, fmt::format("{} {} is not finite", role, shown(text)));
  return *value;
}

}  // namespace rankwise
