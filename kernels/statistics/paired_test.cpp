#include "kernels/statistics/paired_test.hpp"

#include <cmath>

#include "kernels/statistics/estimates.hpp"
#include "kernels/statistics/student.hpp"

namespace rankwise {

PairedTest paired_test_of_mean(double mean, double standard_error, std::size_t pairs) {
  const double t = mean / standard_error;
  return {.difference = mean,
          .standard_error = standard_error,
          .t = t,
          .p = student_two_sided_p(t, static_cast<double>(pairs) - 1)};
}

PairedTest paired_test(std::span<const double> differences, double validated_over_trained) {
  const auto count = static_cast<double>(differences.size());
  const double mean = mean_of(differences);
  const double standard_error = deviation_of(differences, mean) * std::sqrt(1.0 / count + validated_over_trained);
  return paired_test_of_mean(mean, standard_error, differences.size());
}

}  // namespace rankwise
