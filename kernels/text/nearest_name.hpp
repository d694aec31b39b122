#pragma once
// What the user may have meant.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace rankwise {

/// Insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b` (optimal string alignment).
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate nearest to `name`; of equals the first. A candidate that `name` abbreviates comes before every other.
/// Empty if none is near: more than a third of the longer word's letters would have to change.
[[nodiscard]] std::string nearest_name(std::string_view name, std::span<const std::string> candidates);

/// "; the nearest known one is PREFIXcandidate", or nothing if none is near.
[[nodiscard]] std::string nearest_hint(std::string_view name, std::span<const std::string> candidates,
                                       std::string_view prefix);

}  // namespace rankwise
