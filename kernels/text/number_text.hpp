#pragma once
// Numbers from text: decimal notation whatever the locale is, no allocation.

#include <cstdint>
#include <optional>
#include <string_view>

namespace rankwise {

/// The whole number that all of `text` is: digits, in signed types perhaps after a minus; no plus, no blanks. Nothing
/// for any other text and for a number that does not fit. `Whole`: std::int32_t, std::int64_t or std::uint64_t.
template <class Whole>
[[nodiscard]] std::optional<Whole> whole_number(std::string_view text);

/// Likewise, and it lies in [least, most].
template <class Whole>
[[nodiscard]] std::optional<Whole> whole_number(std::string_view text, Whole least, Whole most) {
  const std::optional<Whole> number = whole_number<Whole>(text);
  return number && *number >= least && *number <= most ? number : std::nullopt;
}

/// The finite number that all of `text` is: digits with or without a point and an exponent, perhaps after a minus; no
/// plus, no blanks.
[[nodiscard]] std::optional<double> finite_number(std::string_view text);

/// The same of the longest beginning of `text` that is such a number, which is removed from it. If there is none, the
/// text stays as it is.
template <class Whole>
[[nodiscard]] std::optional<Whole> take_whole_number(std::string_view& text);
[[nodiscard]] std::optional<double> take_finite_number(std::string_view& text);

/// The number that a field of a text file reads as: a plus may come first, and it may be "nan" or "inf". `decimal`, '.'
/// or ',', goes before the decimals; the other sign is no part of a number.
[[nodiscard]] std::optional<double> number_of(std::string_view text, char decimal = '.');

/// True if number_of() has an answer.
[[nodiscard]] bool is_number(std::string_view text);

/// The finite number_of() a field. Throws Error(bad_data) that names the `role` of the field.
[[nodiscard]] double parse_number(std::string_view text, std::string_view role, char decimal = '.');

}  // namespace rankwise
