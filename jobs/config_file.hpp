#pragma once
// Configuration files, INI or JSON: options and their values, flat or in sections.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace rankwise {

struct ConfigEntry {
  std::string name;
  std::string value;
  int line = 0;  ///< from 1
};

/// Entries under a title: `[name]` in INI, an object in JSON.
struct ConfigSection {
  std::string name;
  int line = 0;  ///< of its title, from 1
  std::vector<ConfigEntry> entries;
};

/// Whether an option of a section (empty in a flat file) may stand several times.
using MayRepeat = std::function<bool(const std::string& section, const std::string& option)>;

/// Entries in file order. A file whose name ends in ".json" is read by parse_json, every other by parse_ini, with their
/// errors.
[[nodiscard]] std::vector<ConfigEntry> parse_config(std::string_view text, std::string_view file_name,
                                                    const MayRepeat& may_repeat);

/// Likewise sections, by parse_json_sections or parse_ini_sections.
[[nodiscard]] std::vector<ConfigSection> parse_config_sections(std::string_view text, std::string_view file_name,
                                                               const MayRepeat& may_repeat);

}  // namespace rankwise
