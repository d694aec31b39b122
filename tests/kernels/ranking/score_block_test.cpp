// Scores and top items against plain loops, on every SIMD target.

#include "kernels/ranking/score_block.hpp"

#include <algorithm>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>
#include <random>

#include "kernels/ranking/top_items.hpp"
#include "tests/kernels/random_data.hpp"
#include "tests/kernels/simd_targets.hpp"

namespace rankwise {
namespace {

TEST(ScoreBlock, AgreesWithThePlainProduct) {
  testing::on_every_simd_target([] {
    for (const Index width : {Index{1}, Index{16}, Index{33}}) {
      for (const Index user_count : {Index{0}, Index{1}, Index{7}, kernels::score_users}) {
        for (const Index item_count : {Index{0}, Index{1}, Index{47}, Index{101}, kernels::score_items}) {
          const Matrix users = testing::random_matrix(user_count, width, 1);
          const Matrix items = testing::random_matrix(item_count, width, 2);
          Matrix scores = kernels::score_buffer();
          kernels::score_block(users.view(), items.view(), scores.view());
          for (Index u = 0; u < user_count; ++u) {
            for (Index i = 0; i < item_count; ++i) {
              double expected = 0;
              for (Index c = 0; c < width; ++c)
                expected += static_cast<double>(users.row(u)[c]) * static_cast<double>(items.row(i)[c]);
              EXPECT_NEAR(static_cast<double>(scores.row(u)[i]), expected, 1e-5);
            }
          }
        }
      }
    }
  });
}

TEST(ScoreBlock, GivesTheSameBitsOnEveryTargetWithFma) {
  const std::vector<std::string> targets = testing::fma_targets();
  if (targets.size() < 2) GTEST_SKIP() << "this processor has fewer than two SIMD targets with FMA";
  const Matrix users = testing::random_matrix(13, 65, 1);
  const Matrix items = testing::random_matrix(701, 65, 2);
  std::vector<Matrix> scores;
  for (const std::string& target : targets) {
    kernels::choose_simd_target(target);
    scores.push_back(kernels::score_buffer());
    kernels::score_block(users.view(), items.view(), scores.back().view());
  }
  kernels::choose_simd_target("auto");
  for (Index u = 0; u < users.rows(); ++u) {
    for (std::size_t t = 1; t < targets.size(); ++t) {
      EXPECT_EQ(std::memcmp(scores[0].row(u), scores[t].row(u), 701 * sizeof(float)), 0);
    }
  }
}

TEST(TopItems, KeepsTheBestInAnyOrderOfOffersWithTiesToTheLowestItem) {
  std::mt19937 engine(4);
  for (const Index count : {Index{0}, Index{1}, Index{5}, Index{100}, Index{500}}) {
    std::vector<float> scores(300);
    for (float& score : scores) score = static_cast<float>(engine() % 40);  // many ties
    std::vector<Index> excluded;
    for (Index i = 0; i < 300; i += 7) excluded.push_back(i);
    std::vector<Index> counts(300);  // items without entries are no candidates
    for (Index i = 0; i < 300; ++i) counts[static_cast<std::size_t>(i)] = i % 5;
    std::vector<ScoredItem> expected;
    for (Index i = 0; i < 300; ++i) {
      if (i % 7 != 0 && i % 5 != 0) expected.push_back({scores[static_cast<std::size_t>(i)], i});
    }
    std::stable_sort(expected.begin(), expected.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
    expected.resize(std::min(expected.size(), static_cast<std::size_t>(count)));
    for (const Index block : {1, 64, 300}) {
      TopItems top(2, count);
      std::vector<Index> starts;
      for (Index first = 0; first < 300; first += block) starts.push_back(first);
      std::shuffle(starts.begin(), starts.end(), engine);
      for (const Index first : starts) {
        const auto size = static_cast<std::size_t>(std::min(block, 300 - first));
        const auto begin = static_cast<std::size_t>(first);
        top.offer(1, std::span<const float>(scores).subspan(begin, size), first,
                  std::span<const Index>(counts).subspan(begin, size), excluded);
      }
      EXPECT_TRUE(top.sorted(0).empty());
      const std::vector<ScoredItem> kept = top.sorted(1);
      ASSERT_EQ(kept.size(), expected.size());
      for (std::size_t i = 0; i < kept.size(); ++i) {
        EXPECT_EQ(kept[i].item, expected[i].item);
        EXPECT_EQ(kept[i].score, expected[i].score);
      }
    }
  }
}

TEST(TopItems, WhatIsNoNumberComesFirst) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<Index> counts(100, 1);
  for (const std::size_t place : {std::size_t{0}, std::size_t{37}, std::size_t{98}}) {  // in groups and behind them
    std::vector<float> scores(100);
    for (std::size_t i = 0; i < scores.size(); ++i) scores[i] = static_cast<float>(i);
    scores[place] = nan;
    scores[50] = std::numeric_limits<float>::infinity();
    scores[99] = -nan;
    TopItems top(1, 3);
    top.offer(0, scores, 0, counts, {});
    const std::vector<ScoredItem> kept = top.sorted(0);
    ASSERT_EQ(kept.size(), 3U);
    EXPECT_EQ(kept[0].item, static_cast<Index>(place));
    EXPECT_EQ(kept[1].item, 99);
    EXPECT_EQ(kept[2].item, 50);
  }
}

TEST(SimdTarget, StaysAsChosenWhenTargetsAreListed) {
  for (const std::string& target : kernels::available_simd_targets()) {
    kernels::choose_simd_target(target);
    EXPECT_FALSE(kernels::available_simd_targets().empty());
    EXPECT_EQ(kernels::simd_target(), target);
  }
  kernels::choose_simd_target("auto");
}

}  // namespace
}  // namespace rankwise
