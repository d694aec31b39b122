#pragma once
// Whether groups have the sizes that they were drawn to have.

#include <cstdint>
#include <span>

namespace rankwise {

/// A p value below this is an alarm (Fabijan et al., Diagnosing Sample Ratio Mismatch, KDD 2019, use 0.0005 to 0.01).
inline constexpr double sample_ratio_alarm = 0.001;

struct SampleRatioTest {
  double chi_square = 0;
  double p = 1;  ///< 1 with fewer than two groups that should have somebody
  [[nodiscard]] bool is_alarm() const { return p < sample_ratio_alarm; }
};

/// Pearson's chi-square of the counts against shares in proportion to `weights` (>= 0, of the same size), degrees of
/// freedom: groups with a positive weight less 1. Somebody in a group of weight 0 makes it infinite.
[[nodiscard]] SampleRatioTest sample_ratio_test(std::span<const std::int64_t> counts, std::span<const double> weights);

}  // namespace rankwise
