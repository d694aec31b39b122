#pragma once
// Student's t test of pairs.

#include <cstddef>
#include <span>

namespace rankwise {

struct PairedTest {
  double difference = 0;      ///< mean
  double standard_error = 0;  ///< of it; NaN of a single pair, as t
  double t = 0;
  double p = 1;  ///< two-sided: of a difference as far from 0 if the mean were 0; 1 of a single pair
};

/// From the differences of at least one pair. Pairs measured by resampling share training data, which makes plain
/// standard errors too small: `validated_over_trained`, the size of what each pair was measured on over the size of
/// what it was trained on, corrects for that (Nadeau and Bengio, Machine Learning 2003): the variance is multiplied by
/// 1/n + validated_over_trained. 0: independent pairs, the plain test.
[[nodiscard]] PairedTest paired_test(std::span<const double> differences, double validated_over_trained);

/// The same test if only the mean of the differences, its standard error and their number are known, as of sums over
/// ranks.
[[nodiscard]] PairedTest paired_test_of_mean(double mean, double standard_error, std::size_t pairs);

}  // namespace rankwise
