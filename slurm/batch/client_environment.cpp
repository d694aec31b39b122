#include "slurm/batch/client_environment.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <optional>
#include <sstream>
#include <unistd.h>

#include "slurm/process/environment_lookup.hpp"

namespace rankwise::slurm {

namespace {

/// An option that names a place for jobs.
struct Place {
  std::string_view variable;
  std::string_view option;
  std::string_view short_option;
};

constexpr Place clusters_place{"SBATCH_CLUSTERS", "clusters", "M"};
constexpr std::array<Place, 5> places{Place{"SBATCH_ACCOUNT", "account", "A"},
                                      Place{"SBATCH_PARTITION", "partition", "p"}, Place{"SBATCH_QOS", "qos", "q"},
                                      Place{"SBATCH_RESERVATION", "reservation", ""}, clusters_place};

/// sbatch takes a beginning of an option's name for the option, too.
bool is_option(std::string_view word, const Place& place) {
  if (word.starts_with("--")) {
    const std::string_view name = word.substr(2, word.find('=') - 2);
    return name.size() >= 2 && place.option.starts_with(name);
  }
  return !place.short_option.empty() && word.starts_with(fmt::format("-{}", place.short_option));
}

/// What the script's last line on it states, which may follow as the next word; nothing where no line does.
std::optional<std::string> stated(std::string_view script, const Place& place) {
  std::optional<std::string> value;
  std::istringstream lines{std::string(script)};
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("#SBATCH")) continue;
    std::istringstream words(line.substr(7));
    for (std::string word; words >> word;) {
      if (!is_option(word, place)) continue;
      const std::size_t begin = word.starts_with("--") ? word.find('=') : 1;
      value = begin == std::string::npos || begin + 1 >= word.size() ? std::string() : word.substr(begin + 1);
      if (value->empty()) words >> *value;
    }
  }
  return value;
}

std::optional<std::string> of_environment(const Place& place) {
  std::optional<std::string> value = process_environment(place.variable);
  if (!value && place.variable == clusters_place.variable) value = process_environment("SLURM_CLUSTERS");
  return value;
}

}  // namespace

std::vector<std::string> places_for(std::string_view script) {
  std::vector<std::string> variables;
  for (const Place& place : places) {
    const std::optional<std::string> value = of_environment(place);
    if (value && !stated(script, place)) variables.push_back(fmt::format("{}={}", place.variable, *value));
  }
  return variables;
}

std::vector<std::string> dropped_beside(std::string_view script) {
  const std::vector<std::string> kept = places_for(script);
  std::vector<std::string> names;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    const std::string_view begin = text.substr(0, text.find('=') + 1);
    if (!text.starts_with("SBATCH_")) continue;
    const bool is_kept = std::ranges::any_of(kept, [begin](const std::string& one) { return one.starts_with(begin); });
    if (!is_kept) names.emplace_back(text.substr(0, text.find('=')));
  }
  std::ranges::sort(names);
  return names;
}

std::string clusters_for(std::string_view script) {
  if (const auto value = stated(script, clusters_place)) return *value;
  return of_environment(clusters_place).value_or("");
}

}  // namespace rankwise::slurm
