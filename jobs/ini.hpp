#pragma once
// Configuration files: `name = value` lines, flat or in sections.

#include <string>
#include <string_view>
#include <vector>

namespace rankwise {

struct IniEntry {
  std::string name;
  std::string value;
  int line = 0;  ///< from 1
};

/// What stands under a line `[name]`.
struct IniSection {
  std::string name;
  int line = 0;  ///< of its title, from 1
  std::vector<IniEntry> entries;
};

/// Entries in file order. Blank lines are skipped; `#` or `;` begins a comment at the start of a line or after a blank;
/// a value may stand in double quotes, which keep blanks and comment signs. Throws Error(usage) that names file and
/// line.
[[nodiscard]] std::vector<IniEntry> parse_ini(std::string_view text, std::string_view file_name);

/// Sections in file order, with entries as parse_ini reads them; every entry stands in one, and no name comes twice.
/// Throws Error(usage) that names file and line.
[[nodiscard]] std::vector<IniSection> parse_ini_sections(std::string_view text, std::string_view file_name);

/// The line `name = value` that reads back to both.
[[nodiscard]] std::string ini_line(std::string_view name, std::string_view value);

}  // namespace rankwise
