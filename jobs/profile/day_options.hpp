#pragma once
// Options that name days and spans of whole days.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace rankwise {

/// A notifier that stores the day of a date or time, in days since 1970 (UTC); throws Error(usage) that names the
/// option.
[[nodiscard]] std::function<void(const std::string&)> day_option(std::string option,
                                                                 std::optional<std::int64_t>& target);

/// Whole days from 1 to ten years, of "90d"; throws Error(usage) likewise.
[[nodiscard]] std::int64_t parse_days(const std::string& option, const std::string& text);

/// As in 2025-12-31.
[[nodiscard]] std::string day_text(std::int64_t day);

/// The day that day_text() names; nothing of another text.
[[nodiscard]] std::optional<std::int64_t> day_of_text(const std::string& text);

}  // namespace rankwise
