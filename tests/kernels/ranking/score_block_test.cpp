// Scores against plain loops, on every SIMD target.

#include "kernels/ranking/score_block.hpp"

#include <cstring>
#include <gtest/gtest.h>

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
