// The offers of one customer against all subsets.

#include "kernels/campaign/offer_choice.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>
#include <set>

#include "kernels/campaign/offer_value.hpp"

namespace rankwise {
namespace {

using Nets = std::vector<std::int64_t>;

bool is_allowed(const OfferLimits& limits, unsigned subset) {
  std::vector<Index> of_category(8, 0);
  Index count = 0;
  for (std::size_t o = 0; o < limits.offers(); ++o) {
    if ((subset >> o & 1) == 0) continue;
    ++count;
    if (++of_category[static_cast<std::size_t>(limits.category_of[o])] > limits.per_category) return false;
  }
  return count <= limits.per_customer;
}

std::int64_t sum_of(const Nets& net, unsigned subset) {
  std::int64_t sum = 0;
  for (std::size_t o = 0; o < net.size(); ++o) sum += (subset >> o & 1) != 0 ? net[o] : 0;
  return sum;
}

TEST(OfferChoice, IsTheBestOfAllSubsets) {
  std::mt19937 random(7);
  for (int repeat = 0; repeat < 3000; ++repeat) {
    const std::size_t offers = 1 + random() % 7;
    OfferLimits limits{.per_customer = 1 + static_cast<Index>(random() % 4),
                       .per_category = 1 + static_cast<Index>(random() % 3),
                       .category_of = {}};
    Nets net;
    for (std::size_t o = 0; o < offers; ++o) {
      limits.category_of.push_back(static_cast<std::int32_t>(random() % 3));
      net.push_back(static_cast<std::int64_t>(random() % 12) - 4);
    }
    std::int64_t best = 0;
    for (unsigned subset = 0; subset < 1U << offers; ++subset) {
      if (is_allowed(limits, subset)) best = std::max(best, sum_of(net, subset));
    }
    OfferChooser chooser(limits);
    for (int again = 0; again < 2; ++again) {
      unsigned chosen = 0;
      for (const std::int32_t offer : chooser.choose(net)) chosen |= 1U << offer;
      ASSERT_TRUE(is_allowed(limits, chosen));
      ASSERT_EQ(sum_of(net, chosen), best);
    }
  }
}

TEST(OfferChoice, EqualOnesGoToTheLowerNumber) {
  const OfferLimits limits{.per_customer = 2, .per_category = 1, .category_of = {0, 1, 1, 2}};
  OfferChooser chooser(limits);
  const auto chosen = chooser.choose(Nets{0, 5, 5, 5});
  EXPECT_EQ(std::vector<std::int32_t>(chosen.begin(), chosen.end()), (std::vector<std::int32_t>{1, 3}));
  EXPECT_TRUE(chooser.choose(Nets{0, -1, 0, -5}).empty());
}

TEST(OfferChoice, AnAdditionFitsWhatIsHeld) {
  const OfferLimits limits{.per_customer = 3, .per_category = 1, .category_of = {0, 1, 1, 2}};
  OfferChooser chooser(limits);
  const std::vector<std::int32_t> one{2};
  EXPECT_EQ(chooser.addition(Nets{1, 9, 9, 4}, one, not_offered), 3);
  EXPECT_EQ(chooser.addition(Nets{-7, 9, 9, -9}, one, not_offered), 0);
  EXPECT_EQ(chooser.addition(Nets{not_offered, 9, 9, not_offered}, one, not_offered), -1);
  const std::vector<std::int32_t> all{0, 1, 3};
  EXPECT_EQ(chooser.addition(Nets{1, 1, 1, 1}, all, not_offered), -1);
  EXPECT_EQ(chooser.addition(Nets{2, 5, 5, 2}, {}, not_offered), 1);
}

TEST(OfferValue, IsRoundedToTheNearestMillionth) {
  EXPECT_EQ(expected_value(100'000, 12'000'000, 500'000), 700'000);
  EXPECT_EQ(expected_value(1, 499'999, 0), 0);
  EXPECT_EQ(expected_value(1, 500'000, 0), 1);
  EXPECT_EQ(expected_value(0, 5, 3), -3);
  EXPECT_EQ(expected_value(1'000'000, most_value_millionths, 0), most_value_millionths);
  EXPECT_EQ(fine_value(0, 5), not_offered);
  EXPECT_EQ(fine_value(2, 5), (std::int64_t{2} << tie_bits) + 5);
  EXPECT_LT(fine_value(most_value_millionths, (1U << tie_bits) - 1), std::int64_t{1} << 62);
}

TEST(OfferValue, TiesAreSpread) {
  // Of 2^16 customers and an offer, and of two offers beside each other: as many different ones as draws would have.
  std::set<std::uint32_t> ties;
  std::vector<int> quarters(4, 0);
  int above = 0;
  for (std::uint32_t customer = 0; customer < 1U << 16; ++customer) {
    const std::uint32_t hash = customer * 2'246'822'519U + 374'761'393U;
    const std::uint32_t tie = tie_of(hash, 3);
    ASSERT_LT(tie, 1U << tie_bits);
    ties.insert(tie);
    ++quarters[tie >> (tie_bits - 2)];
    above += tie > tie_of(hash, 4) ? 1 : 0;
  }
  EXPECT_GT(ties.size(), 55'000U);
  for (const int quarter : quarters) EXPECT_NEAR(quarter, 1 << 14, 1200);
  EXPECT_NEAR(above, 1 << 15, 2000);
}

}  // namespace
}  // namespace rankwise
