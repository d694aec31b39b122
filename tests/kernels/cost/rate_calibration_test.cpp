#include "kernels/cost/rate_calibration.hpp"

#include <cmath>
#include <gtest/gtest.h>
#include <vector>

#include "kernels/cost/row_cost.hpp"

namespace rankwise::kernels {
namespace {

/// Rows of 0 to 8,000 entries, most of them short.
std::vector<Index> sizes() {
  std::vector<Index> rows;
  for (Index r = 0; r < 2000; ++r) rows.push_back(r % 500 == 1 ? 8000 : r % 13);
  return rows;
}

TEST(RateRatio, IsFiniteForEveryMethodAndObjective) {
  Objective ratings;
  ratings.loss = LossKind::explicit_feedback;
  for (const Objective& objective : {Objective(), ratings}) {
    for (const RowMethod& method : {RowMethod(ExactRows{0}), RowMethod(ExactRows{17}), RowMethod(ConjugateGradients{3}),
                                    RowMethod(SubspaceBlocks{16})}) {
      const double ratio = measure_rate_ratio(method, objective, 17, 5000, sizes(), 0.002);
      EXPECT_TRUE(std::isfinite(ratio) && ratio > 0) << ratio;
    }
  }
}

TEST(RateRatio, TakesTinyMatrices) {
  const std::vector<Index> one{1};
  EXPECT_GT(measure_rate_ratio(ExactRows{0}, Objective(), 4, 1, one, 0.001), 0);
  const std::vector<Index> empty(100, 0);
  EXPECT_EQ(measure_rate_ratio(ExactRows{0}, Objective(), 4, 10, empty, 0.001), 1);
  EXPECT_EQ(measure_rate_ratio(ExactRows{0}, Objective(), 4, 10, {}, 0.001), 1);
}

TEST(RowSeconds, GrowWithEntriesAndAreNothingWithoutAny) {
  for (const RowMethod& method : {RowMethod(ExactRows{0}), RowMethod(ExactRows{64}), RowMethod(ConjugateGradients{3}),
                                  RowMethod(SubspaceBlocks{64})}) {
    EXPECT_EQ(row_seconds(method, Objective(), 0, 64), 0);
    EXPECT_GT(row_seconds(method, Objective(), 1, 64), 0);
    EXPECT_GT(row_seconds(method, Objective(), 1000, 64), row_seconds(method, Objective(), 100, 64));
  }
}

}  // namespace
}  // namespace rankwise::kernels
