#include "kernels/statistics/student.hpp"

#include <boost/math/distributions/students_t.hpp>
#include <cmath>

namespace rankwise {

double student_quantile(double share, double degrees_of_freedom) {
  return boost::math::quantile(boost::math::students_t(degrees_of_freedom), share);
}

double student_two_sided_p(double t, double degrees_of_freedom) {
  if (std::isnan(t) || degrees_of_freedom < 1) return 1;
  if (std::isinf(t)) return 0;
  const boost::math::students_t student(degrees_of_freedom);
  return 2 * boost::math::cdf(boost::math::complement(student, std::abs(t)));
}

}  // namespace rankwise
