// Bins of scores, the steps from them to probabilities, and how these come true.

#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <random>

#include "distributed/probability/probability_map.hpp"
#include "distributed/probability/reliability.hpp"
#include "distributed/probability/score_outcomes.hpp"

namespace rankwise {
namespace {

TEST(ScoreBins, AreInTheOrderOfScores) {
  constexpr float largest = std::numeric_limits<float>::max();
  const std::vector<float> scores{-largest, -1e10F, -2.5F, -2.0F, -1.0F, -1e-38F, -1e-44F, 0.0F,
                                  1e-44F,   1e-38F, 0.5F,  1.0F,  1.99F, 2.0F,    1e10F,   largest};
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const std::size_t bin = score_bin(scores[i]);
    EXPECT_LE(lowest_score(bin), scores[i]);
    EXPECT_EQ(score_bin(lowest_score(bin)), bin);
    if (i > 0) {
      EXPECT_GE(bin, score_bin(scores[i - 1]));
    }
  }
  EXPECT_EQ(score_bin(-0.0F), score_bin(0.0F));
  EXPECT_EQ(score_bin(1.0F) + 128, score_bin(2.0F));
  EXPECT_EQ(lowest_score(score_bin(0.7F)) * (1 + 1.0F / 128) > 0.7F, true);
}

Catalogue catalogue_of(std::vector<Index> entries, std::vector<Index> by_popularity) {
  return {.users = 10, .entries = std::move(entries), .by_popularity = std::move(by_popularity)};
}

TEST(PopularityBands, HaveAThirdOfTheEntriesEach) {
  const ProbabilityMap map = popularity_bands(catalogue_of({6, 1, 3, 3, 3, 1, 1}, {0, 2, 3, 4, 1, 5, 6}));
  // 18 entries: 6 | 3 3 | 3 1 1 1; the third 3 is with its equals.
  EXPECT_EQ(map.band_of(6), 0U);
  EXPECT_EQ(map.band_of(100), 0U);
  EXPECT_EQ(map.band_of(3), 1U);
  EXPECT_EQ(map.band_of(1), 2U);
  EXPECT_EQ(map.band_of(0), 2U);
}

TEST(ProbabilityMap, IsTheShareOfThePairsOfAStep) {
  ScoreOutcomes outcomes(2);
  for (int pair = 0; pair < 40; ++pair) outcomes.add(0, 0.25F, pair < 4);
  for (int pair = 0; pair < 40; ++pair) outcomes.add(0, 0.5F, pair < 2);  // falls: joined with the one below
  for (int pair = 0; pair < 40; ++pair) outcomes.add(0, 1.0F, pair < 20);
  for (int pair = 0; pair < 3; ++pair) outcomes.add(0, 2.0F, true);  // too few for a step of their own
  const ProbabilityMap map = fit_probabilities({{{"head", 5, {}}, {"rest", 0, {}}}}, outcomes, 10);
  ASSERT_EQ(map.bands[0].steps.size(), 2U);
  EXPECT_TRUE(map.bands[1].steps.empty());
  for (const float low : {-1e30F, 0.0F, 0.25F, 0.7F, 0.99F}) EXPECT_EQ(map.probability(7, low), 6.0 / 80) << low;
  for (const float high : {1.0F, 3.0F, 1e30F}) EXPECT_EQ(map.probability(5, high), 23.0 / 43) << high;
  EXPECT_EQ(map.probability(4, 1.0F), 0);
}

TEST(Reliability, OfPredictionsThatAreRightAndWrong) {
  ScoreOutcomes outcomes(1);
  for (int pair = 0; pair < 100; ++pair) outcomes.add(0, 0.25F, pair < 25);
  for (int pair = 0; pair < 100; ++pair) outcomes.add(0, 0.5F, pair < 50);
  const auto score = [](std::size_t /*band*/, std::size_t bin) { return static_cast<double>(lowest_score(bin)); };
  const Reliability right = measure_reliability(outcomes, score);
  EXPECT_EQ(right.pairs, 200);
  ASSERT_EQ(right.groups.size(), 2U);
  EXPECT_DOUBLE_EQ(right.calibration_error, 0);
  EXPECT_DOUBLE_EQ(right.brier, (0.25 * 0.75 + 0.5 * 0.5) / 2);
  EXPECT_DOUBLE_EQ(right.constant_brier, 0.375 * 0.625);
  const Reliability wrong = measure_reliability(outcomes, [](std::size_t, std::size_t) { return 7.0; });  // 1
  EXPECT_DOUBLE_EQ(wrong.calibration_error, 0.625);
  EXPECT_DOUBLE_EQ(wrong.brier, 0.625);
  EXPECT_EQ(measure_reliability(ScoreOutcomes(1), score).groups.size(), 0U);
}

TEST(Reliability, HasTenGroupsAtMost) {
  std::mt19937 random(11);
  ScoreOutcomes outcomes(3);
  for (int pair = 0; pair < 50'000; ++pair) {
    const float score = static_cast<float>(random() % 10'000) / 10'000.0F;
    outcomes.add(random() % 3, score, static_cast<float>(random() % 10'000) < 10'000 * score);
  }
  const Reliability found = measure_reliability(
      outcomes, [](std::size_t, std::size_t bin) { return static_cast<double>(lowest_score(bin)) * (1 + 0.5 / 128); });
  EXPECT_EQ(found.groups.size(), 10U);
  EXPECT_LT(found.calibration_error, 0.012);
  Index pairs = 0;
  for (std::size_t g = 0; g < found.groups.size(); ++g) {
    pairs += found.groups[g].pairs;
    EXPECT_NEAR(static_cast<double>(found.groups[g].pairs), 5'000, 700);
    if (g > 0) {
      EXPECT_GT(found.groups[g].mean_prediction, found.groups[g - 1].mean_prediction);
    }
  }
  EXPECT_EQ(pairs, found.pairs);
}

}  // namespace
}  // namespace rankwise
