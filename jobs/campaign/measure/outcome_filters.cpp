#include "jobs/campaign/measure/outcome_filters.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <sstream>
#include <string_view>

namespace rankwise {

namespace {

/// With the value that removes nothing; of those without one, any value may.
struct FilterOption {
  std::string_view name;
  std::string_view harmless;
};

constexpr std::array<FilterOption, 10> filter_options{{{"min-user-count", "1"},
                                                       {"min-item-count", "1"},
                                                       {"min-total", "none"},
                                                       {"min-value", ""},
                                                       {"max-user-count", ""},
                                                       {"max-events-per-day", ""},
                                                       {"max-catalogue-share", ""},
                                                       {"max-item-share", ""},
                                                       {"outliers", ""},
                                                       {"where", ""}}};

bool removes(std::string_view name, std::string_view value, bool has_returns) {
  if (name == "min-total" && value == "auto") return has_returns;
  if (name == "transform") return value.starts_with("binarize");
  return std::ranges::any_of(filter_options, [&](const FilterOption& option) {
    return option.name == name && (option.harmless.empty() || option.harmless != value);
  });
}

}  // namespace

std::vector<std::string> outcome_filters(const std::string& configuration, bool has_returns) {
  constexpr std::string_view sign = " = ";
  std::vector<std::string> filters;
  std::istringstream lines(configuration);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t end = line.find(sign);
    if (end == std::string::npos) continue;
    const std::string name = line.substr(0, end);
    const std::string value = line.substr(end + sign.size());
    if (removes(name, value, has_returns)) filters.push_back(fmt::format("--{} {}", name, value));
  }
  return filters;
}

bool orders_are_days(const std::string& configuration) {
  return ("\n" + configuration + "\n").find("\norders = day\n") != std::string::npos;
}

}  // namespace rankwise
