#include "slurm/process/environment_lookup.hpp"

#include <cstdint>
#include <cstdlib>
#include <limits>

#include "kernels/text/number_text.hpp"

namespace rankwise::slurm {

std::optional<std::string> process_environment(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

std::optional<int> positive_number(const EnvironmentLookup& lookup, std::string_view name) {
  const std::optional<std::string> text = lookup(name);
  if (!text) return std::nullopt;
  return whole_number<std::int32_t>(*text, 1, std::numeric_limits<std::int32_t>::max());
}

}  // namespace rankwise::slurm
