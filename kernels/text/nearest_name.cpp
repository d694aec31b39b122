#include "kernels/text/nearest_name.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>
#include <vector>

namespace rankwise {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  // Three rows of the usual table: before_last is needed for swaps.
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::swap(before_last, last);
    std::swap(last, row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + change});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
  }
  return row[b.size()];
}

std::string nearest_name(std::string_view name, std::span<const std::string> candidates) {
  constexpr std::size_t shortest_abbreviation = 3;
  const auto rank_of = [name](const std::string& candidate) -> std::size_t {
    const bool abbreviated = name.size() >= shortest_abbreviation && candidate.starts_with(name);
    return abbreviated ? 0 : 1 + edit_distance(name, candidate);
  };
  const auto nearest = std::ranges::min_element(candidates, {}, rank_of);
  if (nearest == candidates.end()) return {};
  const std::size_t most_slips = (std::max(name.size(), nearest->size()) + 2) / 3;
  return rank_of(*nearest) <= 1 + most_slips ? *nearest : std::string();
}

std::string nearest_hint(std::string_view name, std::span<const std::string> candidates, std::string_view prefix) {
  const std::string nearest = nearest_name(name, candidates);
  return nearest.empty() ? nearest : fmt::format("; the nearest known one is {}{}", prefix, nearest);
}

}  // namespace rankwise
