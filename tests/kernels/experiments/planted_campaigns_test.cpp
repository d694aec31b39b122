// A thousand campaigns whose effect is known: how often intervals hold it, how often nothing is taken for something,
// what the past is worth, and when sample ratios alarm. 1.4% are two standard errors of a share of 95% or 5% of 1,000.

#include <array>
#include <cmath>
#include <gtest/gtest.h>
#include <random>

#include "kernels/experiments/covariates.hpp"
#include "kernels/experiments/exact_sums.hpp"
#include "kernels/experiments/sample_ratio.hpp"
#include "kernels/experiments/welch.hpp"

namespace rankwise {
namespace {

constexpr int campaigns = 1000;
constexpr int customers = 1500;
constexpr double hold_out = 0.2;
constexpr double order_value = 20;

struct Campaign {
  OutcomeSums treated;
  OutcomeSums control;
};

/// Spend of customers who buy at rates of their own, before and after; the treated buy `extra_orders` more per head. A
/// share of the treated may be missing from what is measured.
Campaign run_campaign(std::uint64_t seed, double extra_orders, double lost_treated) {
  std::mt19937_64 random(seed);
  std::gamma_distribution<double> rates(1.2, 1.0);
  std::uniform_real_distribution<double> uniform;
  const auto spend = [&](double rate) {
    std::poisson_distribution<int> orders(rate);
    std::exponential_distribution<double> values(1 / order_value);
    double sum = 0;
    for (int left = orders(random); left > 0; --left) sum += values(random);
    return std::llround(sum * 1e6);
  };
  Campaign campaign;
  for (int customer = 0; customer < customers; ++customer) {
    const double rate = rates(random);
    const bool is_control = uniform(random) < hold_out;
    const std::int64_t past = spend(2 * rate);
    const std::int64_t outcome = spend(rate) + (is_control || extra_orders == 0 ? 0 : spend(extra_orders));
    if (!is_control && uniform(random) < lost_treated) continue;
    (is_control ? campaign.control : campaign.treated).add(outcome, past);
  }
  return campaign;
}

struct Tally {
  int plain_holds = 0;
  int adjusted_holds = 0;
  int plain_finds = 0;
  int adjusted_finds = 0;
  int lift_finds = 0;
  int alarms = 0;
  double variance_ratio = 0;  ///< of adjusted over plain, mean
  double unexplained = 0;     ///< 1 - R^2, mean
};

bool holds(const Effect& effect, double truth) {
  return effect.interval.low <= truth && truth <= effect.interval.high;
}

Tally tally(double extra_orders, double lost_treated, std::uint64_t first_seed) {
  Tally counts;
  const double truth = extra_orders * order_value;
  for (int each = 0; each < campaigns; ++each) {
    const Campaign campaign = run_campaign(first_seed + static_cast<std::uint64_t>(each), extra_orders, lost_treated);
    const GroupMoments treated = outcome_moments(campaign.treated);
    const GroupMoments control = outcome_moments(campaign.control);
    const Effect plain = welch_effect(treated, control, 0.95);
    const AdjustedGroups groups = adjust_for_past(campaign.treated, campaign.control);
    const Effect adjusted = welch_effect(groups.treated, groups.control, 0.95);
    counts.plain_holds += holds(plain, truth) ? 1 : 0;
    counts.adjusted_holds += holds(adjusted, truth) ? 1 : 0;
    counts.plain_finds += plain.p < 0.05 ? 1 : 0;
    counts.adjusted_finds += adjusted.p < 0.05 ? 1 : 0;
    counts.lift_finds += relative_lift(treated, control, control.mean, 0.95).p < 0.05 ? 1 : 0;
    counts.variance_ratio += std::pow(adjusted.standard_error / plain.standard_error, 2) / campaigns;
    counts.unexplained += (1 - groups.explained_share) / campaigns;
    const std::array counts_of_groups = {campaign.treated.customers, campaign.control.customers};
    counts.alarms += sample_ratio_test(counts_of_groups, std::array{1 - hold_out, hold_out}).is_alarm() ? 1 : 0;
  }
  return counts;
}

TEST(PlantedCampaigns, IntervalsHoldTheEffect) {
  const Tally counts = tally(0.25, 0, 1'000'000);
  EXPECT_NEAR(counts.plain_holds, 950, 14);
  EXPECT_NEAR(counts.adjusted_holds, 950, 14);
  EXPECT_GT(counts.adjusted_finds, counts.plain_finds);
  EXPECT_LE(counts.alarms, 5);
}

TEST(PlantedCampaigns, NothingIsFoundWhereNothingIs) {
  const Tally counts = tally(0, 0, 2'000'000);
  EXPECT_NEAR(counts.plain_finds, 50, 14);
  EXPECT_NEAR(counts.adjusted_finds, 50, 14);
  EXPECT_NEAR(counts.lift_finds, 50, 22);  // a ratio is less normal
  EXPECT_LE(counts.alarms, 5);
}

// With rates of mean and variance m and values of mean v, the outcome has the variance 2 v^2 m + v^2 m, the past of
// twice the rates 4 v^2 m + 4 v^2 m, and both the covariance 2 v^2 m. So R^2 = 4 / (3 x 8) = 1/6, and some more by who
// had no past.
TEST(PlantedCampaigns, ThePastNarrowsByWhatItExplains) {
  const Tally counts = tally(0, 0, 3'000'000);
  EXPECT_NEAR(counts.variance_ratio, counts.unexplained, 0.01);
  EXPECT_LT(counts.unexplained, 1 - 1.0 / 6 + 0.01);
  EXPECT_GT(counts.unexplained, 0.75);
}

TEST(PlantedCampaigns, SampleRatiosAlarmWhereTreatedWereLost) {
  const Tally counts = tally(0, 0.4, 4'000'000);
  EXPECT_GE(counts.alarms, 990);
}

}  // namespace
}  // namespace rankwise
