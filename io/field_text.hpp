#pragma once
// From a line's bytes to fields, numbers and times: no allocation per field, no locale.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/types.hpp"

namespace rankwise {

/// How fields are told apart. Comma: RFC 4180 quoting, a quoted field must be closed on its line. Tab: a field that is
/// quoted from end to end is unquoted, any other quote is text. Double colon: `::`, no quoting. Blanks: runs of spaces
/// and tabs.
enum class Dialect { comma, tab, double_colon, blanks };

/// Cuts lines into fields. Unquoted fields lose the spaces around them; quoted ones are verbatim.
class FieldSplitter {
 public:
  explicit FieldSplitter(Dialect dialect) : dialect_(dialect) {}

  /// The fields of `line`; they live as long as the line, at most until the next call. Throws Error(bad_data) without a
  /// place.
  const std::vector<std::string_view>& split(std::string_view line);

 private:
  void split_quotable(std::string_view line, char delimiter);
  void split_at_double_colons(std::string_view line);
  void split_at_blanks(std::string_view line);
  std::string_view unquoted(std::string_view body, std::size_t doubled_quotes);

  Dialect dialect_;
  std::vector<std::string_view> fields_;
  std::string unescaped_;  // text of fields that held doubled quotes
};

/// Throws Error(bad_data) without a place when a line has another number of fields than `expected`.
void check_field_count(std::span<const std::string_view> fields, Index expected);

/// The number that `text` reads as in decimal notation, perhaps not finite.
[[nodiscard]] std::optional<double> number_of(std::string_view text);

/// A finite number in decimal notation; throws Error(bad_data) that names the `role` of the field.
[[nodiscard]] double parse_number(std::string_view text, std::string_view role);

/// Microseconds since 1970: integer or decimal seconds, or YYYY-MM-DD, optionally followed by a space or T and
/// HH:MM[:SS[.fraction]] and Z or +HH:MM. Digits beyond microseconds are dropped. Throws Error(bad_data).
[[nodiscard]] std::int64_t parse_time(std::string_view text);

/// True when `text` reads as a number.
[[nodiscard]] bool is_number(std::string_view text);
/// True when `text` reads as a time.
[[nodiscard]] bool is_time(std::string_view text);

/// `text` without spaces at its ends.
[[nodiscard]] std::string_view trimmed(std::string_view text);

/// A field as an error message shows it: in quotes, shortened, control characters replaced.
[[nodiscard]] std::string shown(std::string_view text);

}  // namespace rankwise
