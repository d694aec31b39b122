#pragma once
// Estimates from samples. Sums run in the order of the values; pure functions.

#include <cstddef>
#include <span>
#include <string>

namespace rankwise {

/// Both ends belong to it.
struct Interval {
  double low = 0;
  double high = 0;
};

/// Arithmetic mean; NaN of no values.
[[nodiscard]] double mean_of(std::span<const double> values);

/// Standard deviation of the population that the values, whose mean is given, were drawn from: squares over n - 1. NaN
/// of fewer than two.
[[nodiscard]] double deviation_of(std::span<const double> values, double mean);

/// Half the width of the interval that holds the mean at this confidence level, which is in (0, 1), by Student's t with
/// count - 1 degrees of freedom. NaN of fewer than two values.
[[nodiscard]] double half_interval(double standard_error, std::size_t count, double confidence_level);

/// The interval between the replicates' quantiles (1 - level) / 2 and (1 + level) / 2, as 2.5% and 97.5% at level 0.95
/// (Efron's percentile interval). A quantile between two values is interpolated: the value at (n - 1) share, counted
/// from 0 (type 7 of Hyndman and Fan, NumPy's default). Both ends are NaN if there is no replicate or one is NaN, as of
/// a ratio whose every user got the weight 0: there are too few users for an interval. Of a very skewed ratio,
/// a 95% interval covers some 94% with 250 users and nears 95% with more.
[[nodiscard]] Interval percentile_interval(std::span<const double> replicates, double confidence_level);

/// Share of the values' variance that lies between groups, each value being in the group that `groups` has at its
/// place (eta squared); 0 where the values do not vary.
[[nodiscard]] double variance_between(std::span<const double> values, std::span<const std::string> groups);

}  // namespace rankwise
