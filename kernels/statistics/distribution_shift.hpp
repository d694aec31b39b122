#pragma once
// Whether two samples come from one distribution, and how far apart they are.

#include <cstdint>
#include <span>

namespace rankwise {

/// Sum of (q - p) ln(q / p) over the bins' shares p before and q after (population stability index; below 0.1 is
/// commonly called stable, above 0.25 a shift). If a bin is empty on one side, half a member is added to every bin of
/// both sides, since the sum would have no bound; bins that are empty on both are left out. NaN if a side is empty.
[[nodiscard]] double population_stability_index(std::span<const std::int64_t> before,
                                                std::span<const std::int64_t> after);

struct TwoSampleTest {
  double statistic = 0;
  double p = 1;
};

/// Probability that sqrt(n) times the distance of two distribution functions is above x if the samples are of one
/// continuous distribution and large (Kolmogorov 1933).
[[nodiscard]] double kolmogorov_survival(double x);

/// Two samples of so many values, whose distribution functions are at most `distance` apart (Kolmogorov and Smirnov,
/// two-sided, by the limit for large samples: good from some 30 values up; equal values make p too large, never too
/// small). NaN if a sample is empty.
[[nodiscard]] TwoSampleTest kolmogorov_smirnov_test(double distance, std::int64_t before, std::int64_t after);

/// Pearson's chi-square test that both samples have the same shares of bins; bins that are empty on both sides are left
/// out, and without a second one p is 1. NaN if a sample is empty.
[[nodiscard]] TwoSampleTest chi_square_test(std::span<const std::int64_t> before, std::span<const std::int64_t> after);

}  // namespace rankwise
