#pragma once
// Estimates from samples. Sums run in the order of the values; pure functions.

#include <cstddef>
#include <span>
#include <string>

namespace rankwise {

/// Arithmetic mean; NaN of no values.
[[nodiscard]] double mean_of(std::span<const double> values);

/// Standard deviation of the population that the values, whose mean is given, were drawn from: squares over n - 1. NaN
/// of fewer than two.
[[nodiscard]] double deviation_of(std::span<const double> values, double mean);

/// Half the width of the interval that holds the mean at this confidence level, which is in (0, 1), by Student's t with
/// count - 1 degrees of freedom. NaN of fewer than two values.
[[nodiscard]] double half_interval(double standard_error, std::size_t count, double confidence_level);

/// Share of the values' variance that lies between groups, each value being in the group that `groups` has at its
/// place (eta squared); 0 where the values do not vary.
[[nodiscard]] double variance_between(std::span<const double> values, std::span<const std::string> groups);

}  // namespace rankwise
