#pragma once
// Student's t distribution.

namespace rankwise {

/// The t below which this share of the distribution lies; share in (0, 1), degrees of freedom > 0.
[[nodiscard]] double student_quantile(double share, double degrees_of_freedom);

/// Probability of a t as far from 0 on either side; 1 of a NaN or of less than one degree of freedom, 0 of infinity.
[[nodiscard]] double student_two_sided_p(double t, double degrees_of_freedom);

}  // namespace rankwise
