#include "kernels/statistics/proportions.hpp"

#include <algorithm>
#include <boost/math/distributions/hypergeometric.hpp>
#include <boost/math/special_functions/erf.hpp>
#include <cmath>
#include <limits>
#include <numbers>

namespace rankwise {

namespace {

double real(std::int64_t count) {
  return static_cast<double>(count);
}

/// Of the four counts the least that is expected if both shares are the same.
double least_expected(const Outcomes& one, const Outcomes& other) {
  const double all = real(one.events) + real(other.events);
  const double successes = real(one.successes) + real(other.successes);
  return std::min(real(one.events), real(other.events)) * std::min(successes, all - successes) / all;
}

/// Counts of the first group's successes, and how likely each is beside the next one.
class HypergeometricWalk {
 public:
  HypergeometricWalk(const Outcomes& one, const Outcomes& other)
      : draws_(real(one.events)),
        successes_(real(one.successes) + real(other.successes)),
        others_(real(other.events)) {}

  [[nodiscard]] double least() const { return std::max(0.0, successes_ - others_); }
  [[nodiscard]] double most() const { return std::min(draws_, successes_); }
  /// P(count + 1) / P(count).
  [[nodiscard]] double ratio_above(double count) const {
    return (successes_ - count) * (draws_ - count) / ((count + 1) * (others_ - successes_ + count + 1));
  }

 private:
  double draws_;
  double successes_;
  double others_;
};

/// What P adds up to over tables in one direction that are no likelier than the observed one, over that one's. `step`:
/// 1 or -1. Tables beyond the mode get less and less likely, so that the sum ends if no more changes it.
double tail_over_observed(const HypergeometricWalk& walk, double observed, double step) {
  constexpr double rounding = 1 + 1e-7;  // tables that are equally likely count
  double sum = 0;
  double relative = 1;
  for (double count = observed + step; count >= walk.least() && count <= walk.most(); count += step) {
    const double ratio = step > 0 ? walk.ratio_above(count - 1) : 1 / walk.ratio_above(count);
    relative *= ratio;
    if (relative <= rounding) sum += relative;
    if (ratio < 1 && relative < 1e-18) break;
  }
  return sum;
}

}  // namespace

double two_proportion_p(const Outcomes& one, const Outcomes& other) {
  const double all = real(one.events) + real(other.events);
  const double share = (real(one.successes) + real(other.successes)) / all;
  if (!(share > 0 && share < 1) || one.events == 0 || other.events == 0) return 1;
  const double error = std::sqrt(share * (1 - share) * (1 / real(one.events) + 1 / real(other.events)));
  return std::erfc(std::abs(one.rate() - other.rate()) / error / std::numbers::sqrt2);
}

double fisher_exact_p(const Outcomes& one, const Outcomes& other) {
  const HypergeometricWalk walk(one, other);
  if (walk.least() == walk.most()) return 1;
  const boost::math::hypergeometric_distribution<> distribution(static_cast<unsigned>(one.successes + other.successes),
                                                                static_cast<unsigned>(one.events),
                                                                static_cast<unsigned>(one.events + other.events));
  const double observed = boost::math::pdf(distribution, static_cast<unsigned>(one.successes));
  const double count = real(one.successes);
  return std::min(1.0, observed * (1 + tail_over_observed(walk, count, 1) + tail_over_observed(walk, count, -1)));
}

Lift compare_proportions(const Outcomes& inside, const Outcomes& outside, double confidence_level) {
  Lift lift;
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  lift.interval = {nan, nan};
  lift.ratio = nan;
  if (inside.events == 0 || outside.events == 0) return lift;
  lift.ratio = inside.rate() / outside.rate();  // 0 / 0 is NaN
  if (inside.successes > 0 && outside.successes > 0) {
    const double error =
        std::sqrt((1 - inside.rate()) / real(inside.successes) + (1 - outside.rate()) / real(outside.successes));
    const double half = std::numbers::sqrt2 * boost::math::erf_inv(confidence_level) * error;
    lift.interval = {lift.ratio * std::exp(-half), lift.ratio * std::exp(half)};
  }
  const bool is_countable = inside.events + outside.events <= std::int64_t{std::numeric_limits<unsigned>::max()};
  lift.test = is_countable && least_expected(inside, outside) < least_expected_count ? ProportionTest::exact
                                                                                     : ProportionTest::normal;
  lift.p = lift.test == ProportionTest::exact ? fisher_exact_p(inside, outside) : two_proportion_p(inside, outside);
  return lift;
}

}  // namespace rankwise
