#include "kernels/statistics/paired_test.hpp"

#include <boost/math/distributions/students_t.hpp>
#include <cmath>

#include "kernels/statistics/estimates.hpp"

namespace rankwise {

namespace {

double two_sided_p(double t, double degrees_of_freedom) {
  if (std::isnan(t) || degrees_of_freedom < 1) return 1;
  if (std::isinf(t)) return 0;
  const boost::math::students_t student(degrees_of_freedom);
  return 2 * boost::math::cdf(boost::math::complement(student, std::abs(t)));
}

}  // namespace

PairedTest paired_test(std::span<const double> differences, double validated_over_trained) {
  const auto count = static_cast<double>(differences.size());
  PairedTest test;
  test.difference = mean_of(differences);
  const double deviation = deviation_of(differences, test.difference);
  test.standard_error = deviation * std::sqrt(1.0 / count + validated_over_trained);
  test.t = test.difference / test.standard_error;
  test.p = two_sided_p(test.t, count - 1);
  return test;
}

}  // namespace rankwise
