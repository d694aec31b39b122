#pragma once
// Fields of CSV files that the program writes.

#include <string>

namespace rankwise {

/// `text` as one field after RFC 4180: quoted where a separator, a quote or a line break would mislead.
[[nodiscard]] std::string csv_field(const std::string& text);
/// The same of a file that a tab separates.
[[nodiscard]] std::string tsv_field(const std::string& text);

/// `text` as a spreadsheet shows it and never runs it: an apostrophe comes before what begins like a formula, with
/// = + - @, a tab or a carriage return.
[[nodiscard]] std::string spreadsheet_text(const std::string& text);

}  // namespace rankwise
