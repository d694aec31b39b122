// Normalized scores against plain loops in long double, and cases that have to come out exactly.

#include "kernels/ranking/score_normalizer.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <vector>

#include "kernels/base/matrix.hpp"
#include "tests/kernels/random_data.hpp"

namespace rankwise {
namespace {

constexpr double close = 1e-12;

/// Random scores, some of them equal, a share of them 0.
std::vector<float> scores_with_ties(Index count, std::uint64_t seed) {
  const Matrix random = testing::random_matrix(1, count, seed);
  std::vector<float> scores(random.row(0), random.row(0) + count);
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (i % 3 == 0) scores[i] = 0;
    if (i % 7 == 0) scores[i] = std::round(scores[i] * 4);
    if (i % 21 == 0) scores[i] = -0.0F;
  }
  return scores;
}

std::vector<double> normalized(ScoreNormalization kind, const std::vector<float>& scores) {
  ScoreNormalizer normalizer(kind);
  std::vector<double> found(scores.size(), -9);
  normalizer.normalize(scores, found);
  return found;
}

TEST(ScoreNormalizer, StandardScoresAreThoseOfPlainLoops) {
  for (const Index count : {2, 3, 7, 8, 9, 64, 1001}) {
    const std::vector<float> scores = scores_with_ties(count, 5);
    long double mean = 0;
    for (const float score : scores) mean += static_cast<long double>(score);
    mean /= static_cast<long double>(count);
    long double squares = 0;
    for (const float score : scores)
      squares += (static_cast<long double>(score) - mean) * (static_cast<long double>(score) - mean);
    const long double deviation = std::sqrt(squares / static_cast<long double>(count));
    if (deviation == 0) continue;
    const std::vector<double> found = normalized(ScoreNormalization::standard, scores);
    for (std::size_t i = 0; i < scores.size(); ++i)
      EXPECT_NEAR(found[i], static_cast<double>((static_cast<long double>(scores[i]) - mean) / deviation), close);
  }
}

TEST(ScoreNormalizer, RanksAreThoseOfPlainLoops) {
  for (const Index count : {2, 3, 7, 64, 501}) {
    const std::vector<float> scores = scores_with_ties(count, 6);
    const std::vector<double> found = normalized(ScoreNormalization::rank, scores);
    for (std::size_t i = 0; i < scores.size(); ++i) {
      const auto below = std::ranges::count_if(scores, [&](float other) { return other < scores[i]; });
      const auto equal = std::ranges::count(scores, scores[i]);
      if (equal == count) continue;
      const double midrank = static_cast<double>(below) + static_cast<double>(equal - 1) / 2;
      EXPECT_NEAR(found[i], midrank / static_cast<double>(count - 1), close);
    }
  }
}

TEST(ScoreNormalizer, EqualScoresOrderNothing) {
  for (const std::vector<float>& scores : {std::vector<float>{}, {3}, {0.1F, 0.1F, 0.1F}, {0.0F, -0.0F}}) {
    for (const auto kind : {ScoreNormalization::standard, ScoreNormalization::rank}) {
      ScoreNormalizer normalizer(kind);
      std::vector<double> found(scores.size(), -9);
      EXPECT_FALSE(normalizer.normalize(scores, found));
      for (const double value : found) EXPECT_EQ(value, kind == ScoreNormalization::standard ? 0 : 0.5);
    }
  }
}

TEST(ScoreNormalizer, TheLargestScoresDoNotOverflow) {
  const std::vector<float> scores{3e38F, -3e38F, 1e-38F, 0};
  const std::vector<double> found = normalized(ScoreNormalization::standard, scores);
  EXPECT_NEAR(found[0], std::sqrt(2), close);
  EXPECT_NEAR(found[1], -std::sqrt(2), close);
}

TEST(ScoreNormalizer, OneUserLeavesNothingToTheNext) {
  ScoreNormalizer normalizer(ScoreNormalization::rank);
  std::vector<double> found(4);
  EXPECT_TRUE(normalizer.normalize(std::vector<float>{4, -1, 0, 2}, found));
  EXPECT_EQ(found, (std::vector<double>{1, 0, 1.0 / 3, 2.0 / 3}));
  EXPECT_TRUE(normalizer.normalize(std::vector<float>{1, 2, 2, 2}, found));
  EXPECT_EQ(found, (std::vector<double>{0, 2.0 / 3, 2.0 / 3, 2.0 / 3}));
}

}  // namespace
}  // namespace rankwise
