#include "distributed/evaluation/list_categories.hpp"

#include <algorithm>
#include <cmath>

namespace rankwise {

namespace {

constexpr double smoothing = 0.01;

/// Of the items that have one, ascending.
std::vector<std::int32_t> categories_of(std::span<const std::int32_t> category_of_item, std::span<const Index> items) {
  std::vector<std::int32_t> found;
  for (const Index item : items) {
    const std::int32_t category = category_of_item[static_cast<std::size_t>(item)];
    if (category >= 0) found.push_back(category);
  }
  std::ranges::sort(found);
  return found;
}

double share_of(const std::vector<std::int32_t>& ascending, std::int32_t category) {
  if (ascending.empty()) return 0;
  const auto [first, last] = std::equal_range(ascending.begin(), ascending.end(), category);
  return static_cast<double>(last - first) / static_cast<double>(ascending.size());
}

}  // namespace

double calibration(std::span<const std::int32_t> category_of_item, std::span<const Index> history,
                   std::span<const Index> list) {
  const std::vector<std::int32_t> had = categories_of(category_of_item, history);
  const std::vector<std::int32_t> listed = categories_of(category_of_item, list);
  double divergence = 0;
  for (auto next = had.begin(); next != had.end(); next = std::upper_bound(next, had.end(), *next)) {
    const double p = share_of(had, *next);
    const double q = (1 - smoothing) * share_of(listed, *next) + smoothing * p;
    divergence += p * std::log(p / q);
  }
  return divergence;
}

double category_diversity(std::span<const std::int32_t> category_of_item, std::span<const Index> list) {
  const std::vector<std::int32_t> listed = categories_of(category_of_item, list);
  const auto pairs_of = [](std::ptrdiff_t items) {
    return static_cast<double>(items) * static_cast<double>(items - 1);
  };
  double alike = 0;
  for (auto next = listed.begin(); next != listed.end();) {
    const auto end = std::upper_bound(next, listed.end(), *next);
    alike += pairs_of(end - next);
    next = end;
  }
  const double all = pairs_of(std::ssize(listed));
  return all > 0 ? (all - alike) / all : 0;
}

}  // namespace rankwise
