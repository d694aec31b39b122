#include "io/field_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstring>
#include <fmt/format.h>

#include "io/utf8.hpp"
#include "kernels/error.hpp"

namespace rankwise {

namespace {
/// "1,5" as 1.5; numbers are short.
std::optional<double> number_with_comma(std::string_view text) {
  std::array<char, 64> digits{};
  if (text.size() > digits.size() || text.find('.') != std::string_view::npos) return std::nullopt;
  std::ranges::copy(text, digits.begin());
  if (const auto comma = text.find(','); comma != std::string_view::npos) digits[comma] = '.';
  return number_of({digits.data(), text.size()});
}

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

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

constexpr std::int64_t second = 1'000'000;
constexpr std::int64_t largest_seconds = 9'000'000'000'000;  // microseconds must fit into 63 bits

std::optional<std::int64_t> date_of(std::string_view text) {
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
    if (scan.take('.')) fraction = scan.microseconds();
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

std::optional<std::int64_t> seconds_of(std::string_view text) {
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

std::optional<std::int64_t> time_of(std::string_view text) {
  return text.size() >= 10 && text[4] == '-' ? date_of(text) : seconds_of(text);
}
}  // namespace

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::string shown(std::string_view text) {
  constexpr std::size_t longest = 40;
  if (text.size() <= longest) return fmt::format("'{}'", escaped(text));
  std::string_view beginning = text.substr(0, longest);
  while (!beginning.empty() && is_continuation(text[beginning.size()])) beginning.remove_suffix(1);  // a whole sign
  if (beginning.empty()) beginning = text.substr(0, longest);
  return fmt::format("'{}...'", escaped(beginning));
}

std::string escaped(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const std::size_t bytes = utf8_bytes(text);
    const auto lead = static_cast<unsigned char>(text.front());
    const bool control =
        lead < ' ' || lead == 0x7F || (lead == 0xC2 && bytes == 2 && static_cast<unsigned char>(text[1]) < 0xA0);
    if (bytes == 0 || control) {
      result += fmt::format("\\x{:02X}", lead);
      text.remove_prefix(1);
    } else {
      result += text.substr(0, bytes);
      text.remove_prefix(bytes);
    }
  }
  return result;
}

const std::vector<std::string_view>& FieldSplitter::split(std::string_view record) {
  fields_.clear();
  open_quote_.reset();
  switch (dialect_) {
    case Dialect::quoted:
      split_quotable(record, delimiter_);
      break;
    case Dialect::tab:
      split_quotable(record, '\t');
      break;
    case Dialect::double_colon:
      split_at_double_colons(record);
      break;
    case Dialect::blanks:
      split_at_blanks(record);
      break;
  }
  return fields_;
}

void FieldSplitter::split_quotable(std::string_view record, char delimiter) {
  unescaped_.clear();
  const char* const begin = record.data();
  const char* const end = begin + record.size();
  const char* place = begin;
  while (true) {
    if (place != end && *place == '"') {
      const char* quote = place + 1;
      std::size_t doubled = 0;
      while (true) {
        const void* const found =
            quote == end ? nullptr : std::memchr(quote, '"', static_cast<std::size_t>(end - quote));
        quote = found == nullptr ? end : static_cast<const char*>(found);
        if (quote == end || quote + 1 == end || quote[1] != '"') break;
        ++doubled;
        quote += 2;
      }
      const char* const after = quote == end ? end : quote + 1;
      if (quote != end && (after == end || *after == delimiter)) {
        if (doubled > 0 && unescaped_.capacity() < record.size())
          unescaped_.reserve(record.size());  // views stay valid
        fields_.push_back(unquoted({place + 1, static_cast<std::size_t>(quote - place) - 1}, doubled));
        if (after == end) return;
        place = after + 1;
        continue;
      }
      if (dialect_ == Dialect::quoted) {
        if (quote == end) {
          open_quote_ = static_cast<std::size_t>(place - begin);
          return;
        }
        throw Error(ExitCode::bad_data, fmt::format("field {} has text after its closing quote", fields_.size() + 1));
      }
    }
    const void* const found =
        place == end ? nullptr : std::memchr(place, delimiter, static_cast<std::size_t>(end - place));
    const char* const stop = found == nullptr ? end : static_cast<const char*>(found);
    fields_.push_back(trimmed({place, static_cast<std::size_t>(stop - place)}));
    if (found == nullptr) return;
    place = stop + 1;
  }
}

std::string_view FieldSplitter::unquoted(std::string_view body, std::size_t doubled_quotes) {
  if (doubled_quotes == 0) return body;
  const std::size_t begin = unescaped_.size();
  for (std::size_t i = 0; i < body.size(); ++i) {
    unescaped_ += body[i];
    if (body[i] == '"') ++i;
  }
  return std::string_view(unescaped_).substr(begin);
}

void FieldSplitter::split_at_double_colons(std::string_view line) {
  while (true) {
    const auto cut = line.find("::");
    fields_.push_back(trimmed(line.substr(0, cut)));
    if (cut == std::string_view::npos) return;
    line.remove_prefix(cut + 2);
  }
}

void FieldSplitter::split_at_blanks(std::string_view line) {
  std::size_t place = 0;
  while (true) {
    while (place < line.size() && is_blank(line[place])) ++place;
    if (place == line.size()) return;
    const std::size_t begin = place;
    while (place < line.size() && !is_blank(line[place])) ++place;
    fields_.push_back(line.substr(begin, place - begin));
  }
}

void check_field_count(std::span<const std::string_view> fields, Index expected) {
  if (std::ssize(fields) == expected) return;
  throw Error(ExitCode::bad_data,
              fmt::format("has {} field{}, expected {}", fields.size(), fields.size() == 1 ? "" : "s", expected));
}

std::optional<double> number_of(std::string_view text, char decimal) {
  if (decimal != '.') return number_with_comma(text);
  if (text.size() > 1 && text.front() == '+' && text[1] != '-') text.remove_prefix(1);
  double value = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

double parse_number(std::string_view text, std::string_view role, char decimal) {
  const std::optional<double> value = number_of(text, decimal);
  if (!value) {
    const char other = decimal == '.' ? ',' : '.';
    const bool reads_otherwise = number_of(text, other).has_value();
    throw Error(ExitCode::bad_data, fmt::format("{} {} is not a number{}", role, shown(text),
                                                !reads_otherwise ? ""
                                                : other == ','   ? " (--decimal comma reads decimal commas)"
                                                                 : " with a decimal comma (--decimal point)"));
  }
  if (!std::isfinite(*value)) throw Error(ExitCode::bad_data, fmt::format("{} {} is not finite", role, shown(text)));
  return *value;
}

std::int64_t parse_time(std::string_view text) {
  const std::optional<std::int64_t> time = time_of(text);
  if (!time) {
    throw Error(ExitCode::bad_data,
                fmt::format("time {} is neither seconds since 1970 nor YYYY-MM-DD[ HH:MM[:SS]]", shown(text)));
  }
  return *time;
}

bool is_number(std::string_view text) {
  return number_of(text).has_value();
}
bool is_time(std::string_view text) {
  return time_of(text).has_value();
}

}  // namespace rankwise
