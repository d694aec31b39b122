#pragma once
// Options whose values are sizes of memory or times.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "kernels/base/types.hpp"

namespace rankwise {

/// Bytes of an option's value (kernels/text/units.hpp). Throws Error(usage), naming the option.
[[nodiscard]] Index parse_bytes(std::string_view option, std::string_view text);

/// A notifier that stores them.
[[nodiscard]] std::function<void(const std::string&)> bytes_of(std::string option, Index& target);

/// Seconds of an option's value (kernels/text/units.hpp). Throws Error(usage), naming the option.
[[nodiscard]] double parse_duration(std::string_view option, std::string_view text);

/// Likewise whole seconds, rounded up, for Slurm.
[[nodiscard]] std::int64_t parse_whole_seconds(std::string_view option, std::string_view text);

/// A notifier that stores seconds.
[[nodiscard]] std::function<void(const std::string&)> duration_of(std::string option, std::optional<double>& target);

}  // namespace rankwise
