#include "kernels/als/objective.hpp"

#include <gtest/gtest.h>

namespace rankwise {
namespace {

TEST(BalancedUnobservedWeight, AllPairsWeighTwentyTimesTheObservedOnes) {
  for (const MatrixSize& size :
       {MatrixSize{1000, 500, 10'000}, MatrixSize{3, 4, 12}, MatrixSize{2'000'000'000, 30'000'000, 50'000'000'000}}) {
    const double pairs = static_cast<double>(size.users) * static_cast<double>(size.items);
    const double weight = balanced_unobserved_weight(size);
    EXPECT_NEAR(weight * pairs, 20 * static_cast<double>(size.interactions), 1e-9 * weight * pairs);
  }
  EXPECT_EQ(balanced_unobserved_weight({}), 0);
}

TEST(BalancedUnobservedWeight, ItemsThatAreAddedDoNotRegularize) {
  // Each user has 40 interactions, whatever the catalogue.
  for (const Index items : {Index{1000}, Index{100'000}}) {
    Objective objective;
    objective.unobserved_weight = balanced_unobserved_weight({5000, items, 200'000});
    EXPECT_NEAR(objective.row_regularization(10, items), 0.003 * (10 + 20 * 40), 1e-5);
  }
}

}  // namespace
}  // namespace rankwise
