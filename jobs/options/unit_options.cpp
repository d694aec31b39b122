#include "jobs/options/unit_options.hpp"

#include <cmath>
#include <fmt/format.h>
#include <utility>

#include "kernels/base/error.hpp"
#include "kernels/text/units.hpp"

namespace rankwise {

Index parse_bytes(std::string_view option, std::string_view text) {
  if (const std::optional<Index> bytes = parse_bytes(text)) return *bytes;
  throw Error(ExitCode::usage, fmt::format("--{} {}: expected a size as in 4GiB, 512MiB or 1.5GB", option, text));
}

std::function<void(const std::string&)> bytes_of(std::string option, Index& target) {
  return [option = std::move(option), &target](const std::string& text) { target = parse_bytes(option, text); };
}

double parse_duration(std::string_view option, std::string_view text) {
  if (const std::optional<double> seconds = parse_duration(text)) return *seconds;
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
