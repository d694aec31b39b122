#include "kernels/experiments/sample_ratio.hpp"

#include <boost/math/special_functions/gamma.hpp>
#include <limits>
#include <numeric>

namespace rankwise {

namespace {

double chi_square_p(double chi_square, double degrees_of_freedom) {
  if (chi_square == std::numeric_limits<double>::infinity()) return 0;
  return boost::math::gamma_q(degrees_of_freedom / 2, chi_square / 2);
}

}  // namespace

SampleRatioTest sample_ratio_test(std::span<const std::int64_t> counts, std::span<const double> weights) {
  const double weight = std::accumulate(weights.begin(), weights.end(), 0.0);
  const auto all = static_cast<double>(std::accumulate(counts.begin(), counts.end(), std::int64_t{0}));
  SampleRatioTest test;
  int groups = 0;
  for (std::size_t group = 0; group < counts.size(); ++group) {
    const auto count = static_cast<double>(counts[group]);
    if (weights[group] > 0) {
      ++groups;
      const double expected = all * weights[group] / weight;
      if (all > 0) test.chi_square += (count - expected) * (count - expected) / expected;
    } else if (count > 0) {
      test.chi_square = std::numeric_limits<double>::infinity();
    }
  }
  if (test.chi_square == std::numeric_limits<double>::infinity()) {
    test.p = 0;
  } else if (groups > 1) {
    test.p = chi_square_p(test.chi_square, groups - 1);
  }
  return test;
}

}  // namespace rankwise
