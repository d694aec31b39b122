#include "kernels/text/units.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>

#include "kernels/base/time_units.hpp"
#include "kernels/text/number_text.hpp"

namespace rankwise {

namespace {

struct ByteUnit {
  std::string_view name;
  double bytes;
};
constexpr std::array<ByteUnit, 10> byte_units{{{"", 1},
                                               {"B", 1},
                                               {"KiB", 0x1p10},
                                               {"MiB", 0x1p20},
                                               {"GiB", 0x1p30},
                                               {"TiB", 0x1p40},
                                               {"kB", 1e3},
                                               {"MB", 1e6},
                                               {"GB", 1e9},
                                               {"TB", 1e12}}};

struct TimeUnit {
  std::string_view name;
  double seconds;
};
constexpr std::array<TimeUnit, 6> time_units{{{"s", 1}, {"sec", 1}, {"min", 60}, {"m", 60}, {"h", 3600}, {"d", 86400}}};

constexpr double longest_seconds = 1e9;

void skip_blanks(std::string_view& text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
}

/// Takes "1.5 h" from the beginning of the text, as seconds.
std::optional<double> take_part(std::string_view& text) {
  const std::optional<double> number = take_finite_number(text);
  if (!number || *number < 0) return std::nullopt;
  skip_blanks(text);
  std::size_t length = 0;
  while (length < text.size() && text[length] >= 'a' && text[length] <= 'z') ++length;
  const auto unit = std::ranges::find(time_units, text.substr(0, length), &TimeUnit::name);
  if (unit == time_units.end()) return std::nullopt;
  text.remove_prefix(length);
  skip_blanks(text);
  return *number * unit->seconds;
}

/// The sum of one or more parts.
std::optional<double> parse_parts(std::string_view text) {
  double seconds = 0;
  while (!text.empty()) {
    const std::optional<double> part = take_part(text);
    if (!part) return std::nullopt;
    seconds += *part;
  }
  return seconds > 0 ? std::optional(seconds) : std::nullopt;
}

/// A part of a clock's time from the front of `text`, which loses it; nothing if there is none.
std::optional<std::int64_t> take_clock_part(std::string_view& text) {
  const auto number = take_whole_number<std::int64_t>(text);
  return number && *number >= 0 && *number <= 1'000'000 ? number : std::nullopt;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::optional<Index> parse_bytes(std::string_view text) {
  const std::optional<double> number = take_finite_number(text);
  if (!number) return std::nullopt;
  skip_blanks(text);
  for (const ByteUnit& unit : byte_units) {
    const double bytes = *number * unit.bytes;
    if (text == unit.name && bytes >= 1 && bytes < 0x1p62) return std::llround(bytes);
  }
  return std::nullopt;
}

std::string bytes_text(double bytes) {
  constexpr std::array names{"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  std::size_t unit = 0;
  while (bytes >= 1024 && unit + 1 < names.size()) {
    bytes /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{:.0f} {}", bytes, names[unit]) : fmt::format("{:.2f} {}", bytes, names[unit]);
}

std::optional<double> parse_duration(std::string_view text) {
  std::optional<double> seconds = parse_time_limit(text);
  if (!seconds) seconds = parse_parts(text);
  return seconds && *seconds < longest_seconds ? seconds : std::nullopt;
}

std::string time_limit_text(std::int64_t seconds) {
  const std::int64_t days = seconds / seconds_per_day;
  const std::int64_t rest = seconds % seconds_per_day;
  const std::string clock = fmt::format("{:02}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60);
  return days > 0 ? fmt::format("{}-{}", days, clock) : clock;
}

std::optional<std::int64_t> parse_time_limit(std::string_view text) {
  std::int64_t days = 0;
  const bool has_days = text.find('-') != std::string_view::npos;
  if (has_days) {
    const auto number = take_clock_part(text);
    if (!number || !take(text, '-')) return std::nullopt;
    days = *number;
  }
  const auto hours = take_clock_part(text);
  if (!hours) return std::nullopt;
  std::int64_t all = days * seconds_per_day + *hours * 3600;
  for (const std::int64_t unit : {60, 1}) {
    if (has_days && text.empty()) break;
    if (!take(text, ':')) return std::nullopt;
    const auto number = take_clock_part(text);
    if (!number || *number > 59) return std::nullopt;
    all += *number * unit;
  }
  return all > 0 && text.empty() ? std::optional(all) : std::nullopt;
}

}  // namespace rankwise
