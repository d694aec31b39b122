#pragma once
// From a line's bytes to fields: no allocation per field.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/base/types.hpp"

namespace rankwise {

/// How fields are told apart. Quoted: one sign divides fields, quotes by RFC 4180. Tab: a field that is quoted from end
/// to end is unquoted, any other quote is text. Double colon: `::`, no quoting. Blanks: runs of spaces and tabs.
enum class Dialect { quoted, tab, double_colon, blanks };

/// Cuts records into fields. Unquoted fields lose the blanks around them; quoted ones are verbatim.
class FieldSplitter {
 public:
  /// `delimiter` divides fields of the quoted dialect.
  explicit FieldSplitter(Dialect dialect, char delimiter = ',') : dialect_(dialect), delimiter_(delimiter) {}

  /// The fields of `record`; they live as long as the record, at most until the next call. Without the last fields
  /// where open_quote() says so. Throws Error(bad_data) without a place.
  const std::vector<std::string_view>& split(std::string_view record);
  /// The byte of the last record where a quote opens that is not closed within it: the record is longer.
  [[nodiscard]] std::optional<std::size_t> open_quote() const { return open_quote_; }

 private:
  void split_quotable(std::string_view record, char delimiter);
  void split_at_double_colons(std::string_view line);
  void split_at_blanks(std::string_view line);
  std::string_view unquoted(std::string_view body, std::size_t doubled_quotes);

  Dialect dialect_;
  char delimiter_;
  std::optional<std::size_t> open_quote_;
  std::vector<std::string_view> fields_;
  std::string unescaped_;  // text of fields that held doubled quotes
};

/// Throws Error(bad_data) without a place when a line has another number of fields than `expected`.
void check_field_count(std::span<const std::string_view> fields, Index expected);

}  // namespace rankwise
