#pragma once
// Configuration files in JSON: one object of options, or one object of such objects.

#include <string_view>
#include <vector>

#include "io/config/config_entry.hpp"

namespace rankwise {

/// Members in file order. A value is text, a number, true or false; or a list of these, which stands for one value with
/// commas between, or for as many entries where the option may repeat. Throws Error(usage) that names file and line.
[[nodiscard]] std::vector<ConfigEntry> parse_json(std::string_view text, std::string_view file_name,
                                                  const MayRepeat& may_repeat);

/// Every member is a section whose members are as parse_json reads them; no section comes twice. Throws Error(usage)
/// that names file and line.
[[nodiscard]] std::vector<ConfigSection> parse_json_sections(std::string_view text, std::string_view file_name,
                                                             const MayRepeat& may_repeat);

}  // namespace rankwise
