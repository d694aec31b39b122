#pragma once
// `${NAME}` in a chain's file, and options that the command line sets in it.

#include <string>
#include <vector>

#include "io/config/config_entry.hpp"

namespace rankwise {

/// Puts what `--set SECTION.OPTION=VALUE` says into the sections, in the place of what they say; an option that is set
/// several times has all the values. Such entries have the line 0. [variables] may be new. Throws Error(usage).
void set_options(std::vector<ConfigSection>& sections, const std::vector<std::string>& settings);

/// Puts the values of [variables] in the place of `${NAME}`, in the values of all sections; `$${` becomes `${`. A
/// variable may use those before it. Nothing is taken from the environment, which is another one wherever a step runs.
/// Throws Error(usage) that names file and line.
void fill_in_variables(std::vector<ConfigSection>& sections, const std::string& file_name);

/// The text that fill_in_variables() turns into `value`, whatever variables there are.
[[nodiscard]] std::string escaped_variables(const std::string& value);

}  // namespace rankwise
