#pragma once
// The process environment as a function, so that tests can say what it holds.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace rankwise::slurm {

/// The value of an environment variable; nothing where it is unset or empty.
using EnvironmentLookup = std::function<std::optional<std::string>(std::string_view name)>;

/// Looks into this process's own environment.
[[nodiscard]] std::optional<std::string> process_environment(std::string_view name);

/// The variable as a whole number > 0; nothing where it is unset or anything else.
[[nodiscard]] std::optional<int> positive_number(const EnvironmentLookup& lookup, std::string_view name);

}  // namespace rankwise::slurm
