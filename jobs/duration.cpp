#include "jobs/duration.hpp"

#include <array>
#include <charconv>
#include <fmt/format.h>

#include "kernels/error.hpp"
#include "slurm/sbatch_file.hpp"

namespace rankwise {

namespace {

struct Unit {
  std::string_view name;
  double seconds;
};
constexpr std::array<Unit, 4> units{{{"s", 1}, {"min", 60}, {"h", 3600}, {"d", 86400}}};

}  // namespace

double parse_duration(std::string_view option, std::string_view text) {
  if (const auto seconds = slurm::parse_time_limit(text)) return static_cast<double>(*seconds);
  constexpr double longest_seconds = 1e9;
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string_view name = text.substr(static_cast<std::size_t>(end - text.data()));
  while (name.starts_with(' ')) name.remove_prefix(1);
  for (const Unit& unit : units) {
    const double seconds = number * unit.seconds;
    if (error == std::errc() && name == unit.name && seconds > 0 && seconds < longest_seconds) return seconds;
  }
  throw Error(ExitCode::usage,
              fmt::format("--{} {}: expected a time as in 20min, 1.5h, 03:55:00 or 1-12:00:00", option, text));
}

std::function<void(const std::string&)> duration_of(std::string option, std::optional<double>& target) {
  return [option = std::move(option), &target](const std::string& text) { target = parse_duration(option, text); };
}

}  // namespace rankwise
