#include "slurm/process/environment_lookup.hpp"

#include <charconv>
#include <cstdlib>

namespace rankwise::slurm {

std::optional<std::string> process_environment(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

std::optional<int> positive_number(const EnvironmentLookup& lookup, std::string_view name) {
  const std::optional<std::string> text = lookup(name);
  if (!text) return std::nullopt;
  int number = 0;
  const char* end = text->data() + text->size();
  const auto [rest, failure] = std::from_chars(text->data(), end, number);
  if (failure != std::errc() || rest != end || number <= 0) return std::nullopt;
  return number;
}

}  // namespace rankwise::slurm
