#pragma once
// Sizes of memory and times in words.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kernels/base/types.hpp"

namespace rankwise {

/// Bytes of "512MiB", "4GiB", "1.5 GB" or plain bytes, at least 1; nothing if `text` is anything else.
[[nodiscard]] std::optional<Index> parse_bytes(std::string_view text);

/// "3.25 GiB", "512 B".
[[nodiscard]] std::string bytes_text(double bytes);

/// Seconds, above zero, of "20min", "1.5 h", "1h30m", "90s", "2d", or of Slurm's HH:MM:SS, D-HH, D-HH:MM and
/// D-HH:MM:SS; nothing if `text` is anything else. A number alone and two with a colon, which Slurm reads as minutes
/// and other programs as seconds or hours, are refused.
[[nodiscard]] std::optional<double> parse_duration(std::string_view text);

/// "2-04:30:00" or "04:30:00": Slurm's days, hours, minutes and seconds.
[[nodiscard]] std::string time_limit_text(std::int64_t seconds);

/// Reads it back, also "4:30:00", "2-04" and "2-04:30"; nothing if `text` is anything else or zero.
[[nodiscard]] std::optional<std::int64_t> parse_time_limit(std::string_view text);

}  // namespace rankwise
