#pragma once
// Times as options have them.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace rankwise {

/// Seconds of "20min", "1.5 h", "1h30m", "90s", "2d", or of Slurm's HH:MM:SS, D-HH, D-HH:MM and D-HH:MM:SS. A number
/// alone and two with a colon, which Slurm reads as minutes and other programs as seconds or hours, are refused. Throws
/// Error(usage), naming the option.
[[nodiscard]] double parse_duration(std::string_view option, std::string_view text);

/// Likewise whole seconds, rounded up, for Slurm.
[[nodiscard]] std::int64_t parse_whole_seconds(std::string_view option, std::string_view text);

/// A notifier that stores them.
[[nodiscard]] std::function<void(const std::string&)> duration_of(std::string option, std::optional<double>& target);

}  // namespace rankwise
