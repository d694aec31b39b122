#pragma once
// Wilcoxon's signed-rank test of pairs.

#include <cstdint>
#include <span>
#include <vector>

namespace rankwise {

struct SignedRankTest {
  std::int64_t pairs = 0;     ///< with a difference other than 0; the others say nothing of a sign and are left out
  double positive_ranks = 0;  ///< sum of the ranks of positive differences
  double negative_ranks = 0;  ///< likewise of negative ones
  double z = 0;               ///< of the smaller sum, never above 0; NaN without pairs
  double p = 1;               ///< two-sided; 1 without pairs
};

/// Differences of one magnitude above 0.
struct SignedMagnitude {
  double magnitude = 0;
  std::int64_t positive = 0;
  std::int64_t negative = 0;
};

/// Differences other than 0 by their magnitudes, ascending, each once. Differences must be finite.
[[nodiscard]] std::vector<SignedMagnitude> signed_magnitudes(std::span<const double> differences);
/// The same of differences that were counted in pieces, in any order; a magnitude may be in several.
[[nodiscard]] std::vector<SignedMagnitude> merged(std::vector<SignedMagnitude> pieces);

/// By the normal approximation, which is good from some ten pairs up, without a continuity correction (SciPy's
/// `wilcoxon` with zero_method="wilcox", correction=False, mode="approx"). Equal magnitudes share the mean of their
/// ranks, and the variance is corrected for them. `ascending`: by signed_magnitudes() or merged(), so that the order of
/// the differences does not matter.
[[nodiscard]] SignedRankTest signed_rank_test(std::span<const SignedMagnitude> ascending);

}  // namespace rankwise
