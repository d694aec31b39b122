#include "io/text/csv_field.hpp"

#include <string_view>

namespace rankwise {

namespace {

std::string field(const std::string& text, std::string_view misleading) {
  if (text.find_first_of(misleading) == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

}  // namespace

std::string csv_field(const std::string& text) {
  return field(text, ",\"\r\n");
}

std::string tsv_field(const std::string& text) {
  return field(text, "\t\"\r\n");
}

std::string spreadsheet_text(const std::string& text) {
  constexpr std::string_view formula_begins = "=+-@\t\r";
  const bool is_formula = !text.empty() && formula_begins.find(text.front()) != std::string_view::npos;
  return is_formula ? "'" + text : text;
}

}  // namespace rankwise
