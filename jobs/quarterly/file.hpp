#pragma once
// A chain's file as sections, and as text again.

#include <string>
#include <string_view>
#include <vector>

#include "io/config/config_entry.hpp"

namespace rankwise {

/// The sections of the file, all of them known ones, [quarterly] among them. Paths that the file has relative to the
/// working directory are absolute from here on: what a step is made of reads the same wherever the file is read again.
/// Throws Error(usage) that names file and line.
[[nodiscard]] std::vector<ConfigSection> parse_chain(std::string_view text, const std::string& file_name);

/// The sections as INI; `directory` and, where not empty, `scheduler` stand in the place of what
/// [quarterly] says. Throws Error(usage) where a value cannot be a line.
[[nodiscard]] std::string chain_text(std::vector<ConfigSection> sections, const std::string& directory,
                                     const std::string& scheduler);

}  // namespace rankwise
