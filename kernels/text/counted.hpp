#pragma once
// Counts as text, for people: "1 row", "2 rows".

#include <fmt/format.h>
#include <string>
#include <string_view>

#include "kernels/base/types.hpp"

namespace rankwise {

/// `thing` takes an s unless there is one of it.
[[nodiscard]] inline std::string counted(Index number, std::string_view thing) {
  return fmt::format("{} {}{}", number, thing, number == 1 ? "" : "s");
}

/// `one` or `many`: "is" or "are".
[[nodiscard]] inline std::string_view verb(Index number, std::string_view one, std::string_view many) {
  return number == 1 ? one : many;
}

/// "12.5%" of 0.125.
[[nodiscard]] inline std::string percent(double share) {
  return fmt::format("{:.1f}%", 100 * share);
}

}  // namespace rankwise
