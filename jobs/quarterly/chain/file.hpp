#pragma once
// A chain's file as sections, and as text again.

#include <string>
#include <string_view>
#include <vector>

#include "io/config/config_entry.hpp"

namespace rankwise {

/// "recommend" of [recommend] and [recommend shop]; the title of any other section.
[[nodiscard]] std::string kind_of_section(std::string_view title);
/// "shop" of [recommend shop]; empty: the section has no name of its own.
[[nodiscard]] std::string name_of_section(std::string_view title);

/// Whether the entry has a word in the place of a path, for what the chain itself makes: als, itemcf, profile, kmeans.
[[nodiscard]] bool is_word_of_chain(std::string_view section, const ConfigEntry& entry);

/// The sections of the file, all of them known ones, [quarterly] among them, with what `given` (`--set`) says, and
/// without variables. Paths that the file has relative to the
/// working directory are absolute from here on: what a step is made of reads the same wherever the file is read again.
/// Throws Error(usage) that names file and line.
[[nodiscard]] std::vector<ConfigSection> parse_chain(std::string_view text, const std::string& file_name,
                                                     const std::vector<std::string>& given);

/// The sections as INI; `directory` and, where not empty, `scheduler` stand in the place of what
/// [quarterly] says. Throws Error(usage) where a value cannot be a line.
[[nodiscard]] std::string chain_text(std::vector<ConfigSection> sections, const std::string& directory,
                                     const std::string& scheduler);

}  // namespace rankwise
