// Logistic terms, weighted sums and normal equations, against plain loops.

#include <cmath>
#include <gtest/gtest.h>
#include <vector>

#include "kernels/base/philox.hpp"
#include "kernels/regression/logistic.hpp"
#include "kernels/regression/normal_solution.hpp"
#include "kernels/regression/weighted_rows.hpp"

namespace rankwise {
namespace {

std::vector<double> sample_numbers(Index count, std::uint32_t draw) {
  const RandomStream stream(7, RandomPurpose::sweep_points);
  std::vector<double> numbers;
  for (Index i = 0; i < count; ++i) numbers.push_back(2 * stream.uniform(i, draw) - 1);
  return numbers;
}

NormalEquations equations_of(const std::vector<double>& rows, Index width, const std::vector<double>& weights,
                             const std::vector<double>& targets) {
  NormalEquations equations{width, {}, {}};
  equations.lower.resize(static_cast<std::size_t>(width * (width + 1) / 2));
  equations.right.resize(static_cast<std::size_t>(width));
  kernels::add_weighted_rows(rows.data(), width, weights, targets, equations.lower.data(), equations.right.data());
  return equations;
}

TEST(Logistic, IsThatOfItsFormula) {
  EXPECT_DOUBLE_EQ(kernels::logistic_probability(0), 0.5);
  EXPECT_NEAR(kernels::logistic_probability(2), 1 / (1 + std::exp(-2.0)), 1e-15);
  EXPECT_NEAR(kernels::logistic_loss(1.5, 1), -std::log(kernels::logistic_probability(1.5)), 1e-15);
  EXPECT_NEAR(kernels::logistic_loss(1.5, 0), -std::log(1 - kernels::logistic_probability(1.5)), 1e-15);
}

TEST(Logistic, DoesNotOverflow) {
  EXPECT_EQ(kernels::logistic_probability(1e4), 1);
  EXPECT_EQ(kernels::logistic_probability(-1e4), 0);
  EXPECT_EQ(kernels::logistic_loss(1e4, 0), 1e4);
  EXPECT_EQ(kernels::logistic_loss(-1e4, 0), 0);
}

TEST(WeightedRows, AreSumsOfProducts) {
  for (const Index width : {1, 2, 7, 8, 9, 33}) {
    for (const Index count : {0, 1, 5, 64}) {
      const std::vector<double> rows = sample_numbers(width * count, 0);
      std::vector<double> weights = sample_numbers(count, 1);
      for (double& weight : weights) weight = std::abs(weight);
      const std::vector<double> targets = sample_numbers(count, 2);
      const NormalEquations found = equations_of(rows, width, weights, targets);
      for (Index i = 0; i < width; ++i) {
        double right = 0;
        for (Index r = 0; r < count; ++r)
          right += targets[static_cast<std::size_t>(r)] * rows[static_cast<std::size_t>(r * width + i)];
        EXPECT_NEAR(found.right[static_cast<std::size_t>(i)], right, 1e-12);
        for (Index j = 0; j <= i; ++j) {
          double sum = 0;
          for (Index r = 0; r < count; ++r)
            sum += weights[static_cast<std::size_t>(r)] * rows[static_cast<std::size_t>(r * width + i)] *
                   rows[static_cast<std::size_t>(r * width + j)];
          EXPECT_NEAR(found.at(i, j), sum, 1e-12);
        }
      }
      double product = 0;
      for (Index i = 0; i < std::min(width, width * count); ++i)
        product += rows[static_cast<std::size_t>(i)] * rows[static_cast<std::size_t>(i)];
      if (count == 0) continue;
      EXPECT_NEAR(kernels::row_product(rows.data(), rows.data(), width), product, 1e-12);
    }
  }
}

TEST(NormalFactor, SolvesAndInverts) {
  constexpr Index width = 9;
  constexpr Index count = 40;
  const std::vector<double> rows = sample_numbers(width * count, 3);
  const NormalEquations equations =
      equations_of(rows, width, std::vector<double>(count, 1.0), sample_numbers(count, 4));
  std::vector<double> diagonal(width, 0.3);
  diagonal.front() = 0;
  const NormalFactor factor(equations, diagonal);
  ASSERT_TRUE(factor.is_sound());
  const auto times_matrix = [&](const std::vector<double>& x, Index row) {
    double sum = diagonal[static_cast<std::size_t>(row)] * x[static_cast<std::size_t>(row)];
    for (Index column = 0; column < width; ++column)
      sum += equations.at(std::max(row, column), std::min(row, column)) * x[static_cast<std::size_t>(column)];
    return sum;
  };
  const std::vector<double> solution = factor.solve(equations.right);
  for (Index row = 0; row < width; ++row)
    EXPECT_NEAR(times_matrix(solution, row), equations.right[static_cast<std::size_t>(row)], 1e-10);
  const std::vector<double> inverse = factor.inverse_diagonal();
  for (Index column = 0; column < width; ++column) {
    std::vector<double> unit(width);
    unit[static_cast<std::size_t>(column)] = 1;
    EXPECT_NEAR(inverse[static_cast<std::size_t>(column)], factor.solve(unit)[static_cast<std::size_t>(column)], 1e-14);
  }
}

TEST(NormalFactor, KnowsWhatCannotBeSolved) {
  const NormalEquations zero{2, {1, 0, 0}, {1, 1}};
  EXPECT_FALSE(NormalFactor(zero, std::vector<double>{0, 0}).is_sound());
  EXPECT_TRUE(NormalFactor(zero, std::vector<double>{0, 1}).is_sound());
  const NormalEquations broken{2, {1, NAN, 1}, {1, 1}};
  EXPECT_FALSE(NormalFactor(broken, std::vector<double>{1, 1}).is_sound());
}

TEST(DependentColumns, AreThoseThatOthersSay) {
  constexpr Index width = 7;
  constexpr Index count = 50;
  const std::vector<double> numbers = sample_numbers(2 * count, 5);
  std::vector<double> rows;
  for (Index r = 0; r < count; ++r) {
    const double a = numbers[static_cast<std::size_t>(2 * r)];
    const double b = numbers[static_cast<std::size_t>(2 * r + 1)];
    // Intercept, a, a constant, b, a + b - 2, almost a, a again.
    for (const double value : {1.0, a, 5.0, 1e6 * b, a + b - 2, a + 1e-3 * b * b, a}) rows.push_back(value);
  }
  const NormalEquations equations =
      equations_of(rows, width, std::vector<double>(count, 1.0), std::vector<double>(count));
  EXPECT_EQ(dependent_columns(equations), (std::vector<Index>{2, 4, 6}));
}

}  // namespace
}  // namespace rankwise
