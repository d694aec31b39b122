#include "io/text/time_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <ctime>
#include <fmt/format.h>

#include "kernels/base/error.hpp"
#include "kernels/base/time_units.hpp"
#include "kernels/text/number_text.hpp"
#include "kernels/text/shown_text.hpp"
#include "kernels/text/text_encoding.hpp"

namespace rankwise {

namespace {
/// Reads fixed-width dates and times from the front of a text.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}
  [[nodiscard]] bool done() const { return text_.empty(); }
  [[nodiscard]] bool take(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  /// `width` digits as a number, or -1.
  [[nodiscard]] int digits(std::size_t width) {
    if (text_.size() < width) return -1;
    int value = 0;
    for (std::size_t i = 0; i < width; ++i) {
      if (text_[i] < '0' || text_[i] > '9') return -1;
      value = value * 10 + (text_[i] - '0');
    }
    text_.remove_prefix(width);
    return value;
  }
  /// At least one digit after a decimal point, as microseconds, or -1.
  [[nodiscard]] int microseconds() {
    int value = 0;
    int kept = 0;
    std::size_t i = 0;
    for (; i < text_.size() && text_[i] >= '0' && text_[i] <= '9'; ++i) {
      if (kept < 6) {
        value = value * 10 + (text_[i] - '0');
        ++kept;
      }
    }
    if (i == 0) return -1;
    for (; kept < 6; ++kept) value *= 10;
    text_.remove_prefix(i);
    return value;
  }

 private:
  std::string_view text_;
};

constexpr std::int64_t second = microseconds_per_second;
constexpr std::int64_t largest_seconds = 9'000'000'000'000;  // microseconds must fit into 63 bits

std::optional<std::int64_t> microseconds_of_date(std::string_view text) {
  Scanner scan(text);
  const int year = scan.digits(4);
  if (year < 0 || !scan.take('-')) return std::nullopt;
  const int month = scan.digits(2);
  if (month < 0 || !scan.take('-')) return std::nullopt;
  const int day = scan.digits(2);
  if (day < 0) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  const std::int64_t midnight = std::chrono::sys_days(date).time_since_epoch().count() * 86'400 * second;
  if (scan.done()) return midnight;

  if (!scan.take(' ') && !scan.take('T')) return std::nullopt;
  const int hours = scan.digits(2);
  if (hours < 0 || hours > 23 || !scan.take(':')) return std::nullopt;
  const int minutes = scan.digits(2);
  if (minutes < 0 || minutes > 59) return std::nullopt;
  int seconds = 0;
  int fraction = 0;
  if (scan.take(':')) {
    seconds = scan.digits(2);
    if (seconds < 0 || seconds > 60) return std::nullopt;  // 60: a leap second
    if (scan.take('.') || scan.take(',')) fraction = scan.microseconds();
    if (fraction < 0) return std::nullopt;
  }
  std::int64_t offset_minutes = 0;
  if (!scan.take('Z')) {
    const int sign = scan.take('+') ? 1 : scan.take('-') ? -1 : 0;
    if (sign != 0) {
      const int offset_hours = scan.digits(2);
      if (offset_hours < 0 || !scan.take(':')) return std::nullopt;
      const int rest = scan.digits(2);
      if (rest < 0) return std::nullopt;
      offset_minutes = std::int64_t{sign} * (offset_hours * 60 + rest);
    }
  }
  if (!scan.done()) return std::nullopt;
  return midnight + ((std::int64_t{hours} * 60 + minutes - offset_minutes) * 60 + seconds) * second + fraction;
}

std::optional<std::int64_t> microseconds_of_seconds(std::string_view text) {
  // Of every row of a log: by from_chars itself, as ids are (distributed/rows/id_column.cpp).
  std::int64_t whole = 0;
  const char* const end = text.data() + text.size();
  const auto [point, status] = std::from_chars(text.data(), end, whole);
  if (status == std::errc() && (point == end || *point == '.') && whole > -largest_seconds && whole < largest_seconds) {
    if (point == end) return whole * second;
    Scanner scan(text.substr(static_cast<std::size_t>(point - text.data()) + 1));
    const int fraction = scan.done() ? 0 : scan.microseconds();
    if (fraction >= 0 && scan.done()) return whole * second + (text.front() == '-' ? -fraction : fraction);
  }
  const std::optional<double> number = number_of(text);  // exponents
  if (!number || !(std::fabs(*number) < static_cast<double>(largest_seconds))) return std::nullopt;
  return std::llround(*number * static_cast<double>(second));
}

constexpr std::int64_t earliest = 86'400 * second;       // 1970-01-02
constexpr std::int64_t latest = 4'102'444'800 * second;  // 2100-01-01
constexpr std::int64_t thousand = 1000;
// Larger numbers are no seconds before 2100 and, as milliseconds, no times before any log: 10^11 is 1973-03-03. What is
// between, such as 5,000,000,000, is more likely a wrong time than one of February 1970.
constexpr std::int64_t earliest_judged_milliseconds = 100'000'000 * second;

bool is_within(std::int64_t time) {
  return time >= earliest && time < latest;
}

bool looks_iso(std::string_view text) {
  return text.size() >= 10 && text[4] == '-';
}

/// "20101201"
std::optional<std::int64_t> eight_digit_date(std::string_view text) {
  if (text.size() != 8) return std::nullopt;
  Scanner scan(text);
  const int year = scan.digits(4);
  const int month = scan.digits(2);
  const int day = scan.digits(2);
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (year < 0 || month < 0 || day < 0 || !date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count() * 86'400 * second;
}

std::optional<std::int64_t> microseconds_of_milliseconds(std::string_view text) {
  const std::optional<std::int64_t> as_seconds = microseconds_of_seconds(text);
  if (!as_seconds) return std::nullopt;
  return *as_seconds / thousand;
}

bool is_plausible_date(std::string_view text) {
  const std::optional<std::int64_t> date = eight_digit_date(text);
  return date && is_within(*date);
}

std::string_view expected_text(TimeForm form) {
  switch (form) {
    case TimeForm::seconds:
      return "seconds since 1970";
    case TimeForm::milliseconds:
    case TimeForm::judged_milliseconds:
      return "milliseconds since 1970";
    case TimeForm::iso:
      return "of the form YYYY-MM-DD[ HH:MM[:SS]]";
    case TimeForm::eight_digits:
      return "of the form YYYYMMDD, as the first rows are";
    case TimeForm::pattern:
    case TimeForm::by_look:
      break;
  }
  return "";
}

std::string no_time(TimeForm form, const std::string& pattern, std::string_view text) {
  if (form == TimeForm::pattern) return fmt::format("time {} is not of the form '{}'", shown(text), printable(pattern));
  if (form == TimeForm::by_look) {
    return fmt::format("time {} is neither seconds since 1970 nor YYYY-MM-DD[ HH:MM[:SS]] (--time-format)",
                       shown(text));
  }
  return fmt::format("time {} is not {} (--time-format)", shown(text), expected_text(form));
}

std::string outside(TimeForm form, std::string_view text) {
  std::string_view hint;
  if ((form == TimeForm::by_look || form == TimeForm::seconds) && !looks_iso(text)) {
    const std::int64_t days = microseconds_of_seconds(text).value_or(0) / second;
    const std::int64_t as_milliseconds = microseconds_of_milliseconds(text).value_or(0);
    if (days >= 20'000 && days < 86'400) hint = "; a day number of Excel? Save dates as YYYY-MM-DD";
    if (as_milliseconds >= earliest_judged_milliseconds && is_within(as_milliseconds))
      hint = "; --time-format milliseconds reads milliseconds";
    return fmt::format("time {} lies outside 1970-01-02 to 2100 as seconds since 1970{}", shown(text), hint);
  }
  return fmt::format("time {} lies outside 1970-01-02 to 2100", shown(text));
}
}  // namespace

TimeChoice parse_time_format(std::string_view word) {
  if (word == "auto") return {};
  if (word == "seconds") return {TimeForm::seconds, ""};
  if (word == "milliseconds") return {TimeForm::milliseconds, ""};
  if (word == "iso") return {TimeForm::iso, ""};
  if (word.find('%') == std::string_view::npos) {
    throw Error(ExitCode::usage,
                fmt::format("--time-format {} is unknown; expected auto, seconds, milliseconds, iso, or a "
                            "pattern such as '%d.%m.%Y %H:%M'",
                            shown(word)));
  }
  for (const std::string_view of_this_machine : {"%s", "%Z", "%c", "%x", "%X"}) {
    if (word.find(of_this_machine) == std::string_view::npos) continue;
    throw Error(ExitCode::usage,
                fmt::format("--time-format '{}': {} depends on the machine", printable(word), of_this_machine));
  }
  return {TimeForm::pattern, std::string(word)};
}

std::string_view time_form_text(TimeForm form) {
  switch (form) {
    case TimeForm::seconds:
      return "seconds";
    case TimeForm::milliseconds:
    case TimeForm::judged_milliseconds:
      return "milliseconds";
    case TimeForm::iso:
      return "ISO";
    case TimeForm::eight_digits:
      return "dates YYYYMMDD";
    case TimeForm::pattern:
      return "pattern";
    case TimeForm::by_look:
      break;
  }
  return "";
}

std::optional<std::int64_t> TimeReader::by_pattern(std::string_view text) const {
  std::array<char, 128> characters{};  // ends with a zero, as strptime needs
  if (text.size() >= characters.size()) return std::nullopt;
  std::ranges::copy(text, characters.begin());
  std::tm parts{};
  parts.tm_mday = 1;
  const char* const end = ::strptime(characters.data(), pattern_.c_str(), &parts);
  if (end != characters.data() + text.size()) return std::nullopt;
  const long offset_seconds = parts.tm_gmtoff;
  std::tm counted = parts;
  const std::int64_t seconds = ::timegm(&counted);
  const bool leap_second = parts.tm_sec >= 60;
  if (!leap_second && (counted.tm_mday != parts.tm_mday || counted.tm_mon != parts.tm_mon)) return std::nullopt;
  return (seconds - offset_seconds) * second;
}

std::optional<std::int64_t> TimeReader::value_of(std::string_view text) const {
  switch (form_) {
    case TimeForm::by_look:
      return looks_iso(text) ? microseconds_of_date(text) : microseconds_of_seconds(text);
    case TimeForm::seconds:
      return microseconds_of_seconds(text);
    case TimeForm::milliseconds:
    case TimeForm::judged_milliseconds:
      return microseconds_of_milliseconds(text);
    case TimeForm::iso:
      return microseconds_of_date(text);
    case TimeForm::eight_digits:
      return eight_digit_date(text);
    case TimeForm::pattern:
      break;
  }
  return by_pattern(text);
}

std::int64_t TimeReader::read(std::string_view text) const {
  const std::optional<std::int64_t> time = value_of(text);
  if (!time) throw Error(ExitCode::bad_data, no_time(form_, pattern_, text));
  if (!is_within(*time)) throw Error(ExitCode::bad_data, outside(form_, text));
  if (form_ == TimeForm::by_look && text.size() == 8 && is_plausible_date(text)) {
    throw Error(ExitCode::bad_data,
                fmt::format("time {} reads as a date, and not all of the first rows do; --time-format "
                            "seconds or '%Y%m%d' says what it is",
                            shown(text)));
  }
  if (form_ == TimeForm::judged_milliseconds && *time < earliest_judged_milliseconds) {
    throw Error(ExitCode::bad_data, fmt::format("time {} reads as seconds, and the first rows are milliseconds; "
                                                "--time-format says what it is",
                                                shown(text)));
  }
  return *time;
}

bool TimeReader::reads(std::string_view text) const {
  try {
    static_cast<void>(read(text));
    return true;
  } catch (const Error&) {
    return false;
  }
}

void TimeGuess::add(std::string_view time) {
  any_ = true;
  all_dates_ = all_dates_ && is_plausible_date(time);
  const std::optional<std::int64_t> as_milliseconds =
      looks_iso(time) ? std::nullopt : microseconds_of_milliseconds(time);
  all_milliseconds_ = all_milliseconds_ && as_milliseconds && *as_milliseconds >= earliest_judged_milliseconds &&
                      is_within(*as_milliseconds);
}

TimeForm TimeGuess::form() const {
  if (any_ && all_dates_) return TimeForm::eight_digits;
  return any_ && all_milliseconds_ ? TimeForm::judged_milliseconds : TimeForm::by_look;
}

}  // namespace rankwise
