#pragma once
// The configuration file: flat `name = value` lines.

#include <string>
#include <string_view>
#include <vector>

namespace rankwise {

struct IniEntry {
  std::string name;
  std::string value;
  int line = 0;  ///< from 1
};

/// Entries in file order. Blank lines are skipped; `#` or `;` begins a comment at the start of a line or after a blank;
/// a value may stand in double quotes, which keep blanks and comment signs. Throws Error(usage) that names file and
/// line.
[[nodiscard]] std::vector<IniEntry> parse_ini(std::string_view text, std::string_view file_name);

}  // namespace rankwise
