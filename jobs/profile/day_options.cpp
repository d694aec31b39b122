#include "jobs/profile/day_options.hpp"

#include <cmath>
#include <fmt/format.h>
#include <utility>

#include "distributed/profiles/customer_history.hpp"
#include "io/text/time_text.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/time_units.hpp"
#include "kernels/text/shown_text.hpp"
#include "kernels/text/units.hpp"
#include "kernels/text/utc_text.hpp"

namespace rankwise {

namespace {

constexpr double most_days = 3650;

}  // namespace

std::function<void(const std::string&)> day_option(std::string option, std::optional<std::int64_t>& target) {
  return [option = std::move(option), &target](const std::string& text) {
    target = day_of_text(text);
    if (!target)
      throw Error(ExitCode::usage, fmt::format("--{} {}: expected a day as in 2025-12-31", option, shown(text)));
  };
}

std::int64_t parse_days(const std::string& option, const std::string& text) {
  const double days = parse_duration(text).value_or(0) / seconds_per_day;
  if (days >= 1 && days <= most_days && days == std::floor(days)) return static_cast<std::int64_t>(days);
  throw Error(ExitCode::usage,
              fmt::format("--{} {}: expected whole days from 1d to {}d, as in 90d", option, shown(text), most_days));
}

std::string day_text(std::int64_t day) {
  return utc_text(day * seconds_per_day).substr(0, 10);
}

std::optional<std::int64_t> day_of_text(const std::string& text) {
  try {
    return day_of(seconds_of(TimeReader(TimeForm::by_look, "").read(text)));
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace rankwise
