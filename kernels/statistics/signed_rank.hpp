#pragma once
// Wilcoxon's signed-rank test of pairs.

#include <cstdint>
#include <span>

namespace rankwise {

struct SignedRankTest {
  std::int64_t pairs = 0;     ///< with a difference other than 0; the others say nothing of a sign and are left out
  double positive_ranks = 0;  ///< sum of the ranks of positive differences
  double negative_ranks = 0;  ///< likewise of negative ones
  double z = 0;               ///< of the smaller sum, never above 0; NaN without pairs
  double p = 1;               ///< two-sided; 1 without pairs
};

/// By the normal approximation, which is good from some ten pairs up, without a continuity correction (SciPy's
/// `wilcoxon` with zero_method="wilcox", correction=False, mode="approx"). Equal magnitudes share the mean of their
/// ranks, and the variance is corrected for them. The result does not depend on the order of the differences, which
/// must be finite. Sorts a copy of the magnitudes.
[[nodiscard]] SignedRankTest signed_rank_test(std::span<const double> differences);

}  // namespace rankwise
