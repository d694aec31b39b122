#pragma once
// Configuration files, INI or JSON by their names: options and their values, flat or in sections.

#include <string_view>
#include <vector>

#include "io/config/config_entry.hpp"

namespace rankwise {

/// Entries in file order. A file whose name ends in ".json" is read by parse_json, every other by parse_ini, with their
/// errors.
[[nodiscard]] std::vector<ConfigEntry> parse_config(std::string_view text, std::string_view file_name,
                                                    const MayRepeat& may_repeat);

/// Likewise sections, by parse_json_sections or parse_ini_sections.
[[nodiscard]] std::vector<ConfigSection> parse_config_sections(std::string_view text, std::string_view file_name,
                                                               const MayRepeat& may_repeat);

}  // namespace rankwise
