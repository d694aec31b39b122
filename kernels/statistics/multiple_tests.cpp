#include "kernels/statistics/multiple_tests.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace rankwise {

std::vector<double> adjusted_p_values(std::span<const double> p_values) {
  std::vector<std::size_t> descending;
  for (std::size_t test = 0; test < p_values.size(); ++test) {
    if (!std::isnan(p_values[test])) descending.push_back(test);
  }
  std::sort(descending.begin(), descending.end(),
            [&](std::size_t one, std::size_t other) { return p_values[one] > p_values[other]; });
  std::vector<double> adjusted(p_values.begin(), p_values.end());
  const auto tests = static_cast<double>(descending.size());
  double least = 1;
  double rank = tests;
  for (const std::size_t test : descending) {
    least = std::min(least, tests * p_values[test] / rank);
    adjusted[test] = least;
    rank -= 1;
  }
  return adjusted;
}

}  // namespace rankwise
