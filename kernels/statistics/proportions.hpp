#pragma once
// Two shares compared: how many times as large one is, how sure that is, and whether chance explains it.

#include "kernels/statistics/estimates.hpp"
#include "kernels/statistics/isotonic.hpp"

namespace rankwise {

/// An expected count below this calls for the exact test.
inline constexpr double least_expected_count = 5;

enum class ProportionTest { normal, exact };

/// The share of one group's members over that of all others.
struct Lift {
  double ratio = 0;   ///< infinity if no other has it; NaN if nobody has, or one of the groups is empty
  Interval interval;  ///< of Katz et al.; NaN without a success in one of the groups
  double p = 1;       ///< two-sided, of shares as different if both were the same
  ProportionTest test = ProportionTest::normal;
};

/// Interval by the logarithm, whose standard error is sqrt((1 - p1) / (n1 p1) + (1 - p2) / (n2 p2)) (Katz, Baptista,
/// Azen and Pike, Biometrics 1978). The test is two_proportion_p, or fisher_exact_p if one of the four counts is
/// expected below least_expected_count and the groups have fewer than 2^32 members. `confidence_level` in (0, 1).
[[nodiscard]] Lift compare_proportions(const Outcomes& inside, const Outcomes& outside, double confidence_level);

/// z test with the pooled share, two-sided, without a correction; 1 if all or none are successes.
[[nodiscard]] double two_proportion_p(const Outcomes& one, const Outcomes& other);

/// Fisher's exact test, two-sided: the probability of all tables of these margins that are no likelier than this one
/// (as R and SciPy have it). Fewer than 2^32 events in all.
[[nodiscard]] double fisher_exact_p(const Outcomes& one, const Outcomes& other);

}  // namespace rankwise
