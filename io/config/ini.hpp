#pragma once
// Configuration files in INI: `name = value` lines, flat or in sections.

#include <string>
#include <string_view>
#include <vector>

#include "io/config/config_entry.hpp"

namespace rankwise {

/// Entries in file order. Blank lines are skipped; `#` or `;` begins a comment at the start of a line or after a blank;
/// a value may stand in double quotes, which keep blanks and comment signs. Throws Error(usage) that names file and
/// line.
[[nodiscard]] std::vector<ConfigEntry> parse_ini(std::string_view text, std::string_view file_name);

/// Sections in file order, with entries as parse_ini reads them; every entry stands in one, and no name comes twice.
/// Throws Error(usage) that names file and line.
[[nodiscard]] std::vector<ConfigSection> parse_ini_sections(std::string_view text, std::string_view file_name);

/// The line `name = value` that reads back to both. Throws Error(usage) that names both where there is none.
[[nodiscard]] std::string ini_line(std::string_view name, std::string_view value);

}  // namespace rankwise
