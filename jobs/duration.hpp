#pragma once
// Times as options have them.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace rankwise {

/// Seconds of "20min", "1.5 h", "90s", "2d", or of Slurm's [D-]HH:MM:SS. Throws Error(usage), naming the option.
[[nodiscard]] double parse_duration(std::string_view option, std::string_view text);

/// A notifier that stores them.
[[nodiscard]] std::function<void(const std::string&)> duration_of(std::string option, std::optional<double>& target);

}  // namespace rankwise
