#pragma once
// Times as logs write them.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kernels/base/types.hpp"

namespace rankwise {

/// How the times of a file are read.
enum class TimeForm : std::int32_t {
  by_look,              ///< seconds or ISO, each by its look; numbers that read as eight-digit dates are refused
  seconds,              ///< since 1970
  milliseconds,         ///< since 1970
  judged_milliseconds,  ///< by the first rows; numbers that are plausible as seconds are refused
  iso,                  ///< YYYY-MM-DD[ HH:MM[:SS]]
  eight_digits,         ///< YYYYMMDD
  pattern               ///< as strptime reads it
};

/// What the user said of times.
struct TimeChoice {
  std::optional<TimeForm> form;  ///< none: by the first rows
  std::string pattern;           ///< form pattern
};

/// auto, seconds, milliseconds, iso, or a pattern of strptime such as '%d.%m.%Y %H:%M'; throws Error(usage).
[[nodiscard]] TimeChoice parse_time_format(std::string_view word);

/// "milliseconds", "eight-digit dates", ...; empty for by_look.
[[nodiscard]] std::string_view time_form_text(TimeForm form);

/// Reads times of one form. Without an offset a time is UTC. Digits beyond microseconds are dropped.
class TimeReader {
 public:
  TimeReader(TimeForm form, std::string pattern) : form_(form), pattern_(std::move(pattern)) {}

  /// Microseconds since 1970. Throws Error(bad_data) without a place when `text` is no time of this form, or lies
  /// outside 1970-01-02 to 2100.
  [[nodiscard]] std::int64_t read(std::string_view text) const;
  /// True when read() does not throw.
  [[nodiscard]] bool reads(std::string_view text) const;

 private:
  [[nodiscard]] std::optional<std::int64_t> value_of(std::string_view text) const;
  [[nodiscard]] std::optional<std::int64_t> by_pattern(std::string_view text) const;
  TimeForm form_;
  std::string pattern_;
};

/// Which form some times of a file have: eight-digit dates or milliseconds if all of them are plausible only so.
class TimeGuess {
 public:
  void add(std::string_view time);
  [[nodiscard]] TimeForm form() const;

 private:
  bool any_ = false;
  bool all_dates_ = true;
  bool all_milliseconds_ = true;
};

}  // namespace rankwise
