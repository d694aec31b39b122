#include "kernels/text/duration.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <optional>

#include "kernels/base/error.hpp"
#include "slurm/batch/sbatch_file.hpp"

namespace rankwise {

namespace {

struct Unit {
  std::string_view name;
  double seconds;
};
constexpr std::array<Unit, 6> units{{{"s", 1}, {"sec", 1}, {"min", 60}, {"m", 60}, {"h", 3600}, {"d", 86400}}};

constexpr double longest_seconds = 1e9;

void skip_blanks(std::string_view& text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
}

/// Takes "1.5 h" from the beginning of the text, as seconds.
std::optional<double> take_part(std::string_view& text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || !(number >= 0)) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  skip_blanks(text);
  std::size_t length = 0;
  while (length < text.size() && text[length] >= 'a' && text[length] <= 'z') ++length;
  const auto unit = std::ranges::find(units, text.substr(0, length), &Unit::name);
  if (unit == units.end()) return std::nullopt;
  text.remove_prefix(length);
  skip_blanks(text);
  return number * unit->seconds;
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

}  // namespace

double parse_duration(std::string_view option, std::string_view text) {
  std::optional<double> seconds = slurm::parse_time_limit(text);
  if (!seconds) seconds = parse_parts(text);
  if (seconds && *seconds < longest_seconds) return *seconds;
  throw Error(ExitCode::usage,
              fmt::format("--{} {}: expected a time as in 20min, 1.5h, 03:55:00 or 1-12:00:00", option, text));
}

std::int64_t parse_whole_seconds(std::string_view option, std::string_view text) {
  return static_cast<std::int64_t>(std::ceil(parse_duration(option, text)));
}

std::function<void(const std::string&)> duration_of(std::string option, std::optional<double>& target) {
  return [option = std::move(option), &target](const std::string& text) { target = parse_duration(option, text); };
}

}  // namespace rankwise
