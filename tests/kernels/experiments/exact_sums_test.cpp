// Sums of customers' outcomes, and outcomes adjusted by the past, beside plain loops.

#include "kernels/experiments/exact_sums.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <random>
#include <vector>

#include "kernels/experiments/covariates.hpp"

namespace rankwise {
namespace {

struct Customer {
  std::int64_t outcome = 0;
  std::int64_t past = 0;
};

std::vector<Customer> random_customers(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<Customer> customers;
  for (std::size_t each = 0; each < count; ++each) {
    const auto past = static_cast<std::int64_t>(random() % 5 == 0 ? 0 : random() % 300'000'000);
    const auto noise = static_cast<std::int64_t>(random() % 90'000'000);
    customers.push_back({.outcome = past / 3 + noise - 20'000'000, .past = past});
  }
  return customers;
}

OutcomeSums sums_of(const std::vector<Customer>& customers) {
  OutcomeSums sums;
  for (const Customer& customer : customers) sums.add(customer.outcome, customer.past);
  return sums;
}

TEST(ExactSums, MomentsArePlainOnes) {
  for (const std::size_t count : {2, 3, 17, 1000}) {
    const std::vector<Customer> customers = random_customers(count, count);
    double mean = 0;
    for (const Customer& each : customers) mean += static_cast<double>(each.outcome) / 1e6 / static_cast<double>(count);
    double squares = 0;
    for (const Customer& each : customers) squares += std::pow(static_cast<double>(each.outcome) / 1e6 - mean, 2);
    const GroupMoments moments = outcome_moments(sums_of(customers));
    EXPECT_NEAR(moments.mean, mean, 1e-9);
    EXPECT_NEAR(moments.variance, squares / static_cast<double>(count - 1), 1e-6);
    EXPECT_NEAR(units_of(sums_of(customers).outcome), mean * static_cast<double>(count), 1e-6);
  }
}

TEST(ExactSums, LargeValuesLoseNothing) {
  OutcomeSums sums;
  const std::int64_t large = 9'000'000'000'000'000'000;
  for (const std::int64_t value : {large, large - 1'000'000, -large, 1'000'000 - large}) sums.add(value, -value);
  EXPECT_EQ(units_of(sums.outcome), 0);
  OutcomeSums near;  // two numbers of 13 digits that differ by 1: variance 1/2
  near.add(large, 0);
  near.add(large - 1'000'000, 0);
  EXPECT_EQ(outcome_moments(near).variance, 0.5);
  EXPECT_LT(centred_sums(sums).outcome_past, 0);
  EXPECT_EQ(centred_sums(sums).outcome_past, -centred_sums(sums).outcome_square);
}

TEST(ExactSums, OrderAndPartsChangeNothing) {
  std::vector<Customer> customers = random_customers(500, 3);
  OutcomeSums whole = sums_of(customers);
  std::ranges::reverse(customers);
  OutcomeSums parts = sums_of({customers.begin(), customers.begin() + 100});
  parts += sums_of({customers.begin() + 100, customers.end()});
  // Limbs are added one by one, as ranks do.
  const auto numbers = numbers_of(std::span(&whole, 1));
  const auto others = numbers_of(std::span(&parts, 1));
  EXPECT_TRUE(std::ranges::equal(numbers, others));
}

/// Least squares of the outcome on both covariates and a constant by Eigen.
Eigen::Vector3d regression(const std::vector<Customer>& customers) {
  Eigen::MatrixXd covariates(static_cast<Eigen::Index>(customers.size()), 3);
  Eigen::VectorXd outcomes(static_cast<Eigen::Index>(customers.size()));
  for (Eigen::Index row = 0; row < outcomes.size(); ++row) {
    const Customer& each = customers[static_cast<std::size_t>(row)];
    covariates.row(row) << 1, static_cast<double>(each.past) / 1e6, each.past == 0 ? 1 : 0;
    outcomes[row] = static_cast<double>(each.outcome) / 1e6;
  }
  return covariates.colPivHouseholderQr().solve(outcomes);
}

TEST(Covariates, SlopesAndResidualsAreThoseOfARegression) {
  const std::vector<Customer> treated = random_customers(300, 5);
  const std::vector<Customer> control = random_customers(90, 6);
  std::vector<Customer> all = treated;
  all.insert(all.end(), control.begin(), control.end());
  const Eigen::Vector3d slopes = regression(all);
  const AdjustedGroups groups = adjust_for_past(sums_of(treated), sums_of(control));
  EXPECT_NEAR(groups.past_slope, slopes[1], 1e-10);
  EXPECT_NEAR(groups.without_past_slope, slopes[2], 1e-8);
  const auto residual_moments = [&](const std::vector<Customer>& customers) {
    std::vector<double> residuals;
    double sum = 0;
    for (const Customer& each : customers) {
      const double fitted = slopes[1] * static_cast<double>(each.past) / 1e6 + (each.past == 0 ? slopes[2] : 0);
      residuals.push_back(static_cast<double>(each.outcome) / 1e6 - fitted);
      sum += residuals.back();
    }
    const double mean = sum / static_cast<double>(residuals.size());
    double squares = 0;
    for (const double residual : residuals) squares += (residual - mean) * (residual - mean);
    return std::pair(mean, squares / static_cast<double>(residuals.size() - 1));
  };
  const auto [treated_mean, treated_variance] = residual_moments(treated);
  const auto [control_mean, control_variance] = residual_moments(control);
  EXPECT_NEAR(groups.treated.mean - groups.control.mean, treated_mean - control_mean, 1e-8);
  EXPECT_NEAR(groups.treated.variance, treated_variance, 1e-6);
  EXPECT_NEAR(groups.control.variance, control_variance, 1e-6);
  EXPECT_GT(groups.explained_share, 0.1);
}

TEST(Covariates, APastThatIsTheSameForAllChangesNothing) {
  for (const std::int64_t past : {0, 5'000'000}) {
    std::vector<Customer> treated = random_customers(30, 7);
    std::vector<Customer> control = random_customers(20, 8);
    for (Customer& each : treated) each.past = past;
    for (Customer& each : control) each.past = past;
    const AdjustedGroups groups = adjust_for_past(sums_of(treated), sums_of(control));
    EXPECT_EQ(groups.past_slope, 0);
    EXPECT_EQ(groups.without_past_slope, 0);
    EXPECT_EQ(groups.explained_share, 0);
    EXPECT_EQ(groups.treated.mean, outcome_moments(sums_of(treated)).mean);
    EXPECT_DOUBLE_EQ(groups.control.variance, outcome_moments(sums_of(control)).variance);
  }
}

TEST(Covariates, TwoValuesOfThePastAreOneCovariate) {
  std::vector<Customer> treated = random_customers(30, 9);
  std::vector<Customer> control = random_customers(20, 10);
  for (Customer& each : treated) each.past = each.past > 0 ? 1'000'000 : 0;
  for (Customer& each : control) each.past = each.past > 0 ? 1'000'000 : 0;
  const AdjustedGroups groups = adjust_for_past(sums_of(treated), sums_of(control));
  EXPECT_NE(groups.past_slope, 0);
  EXPECT_EQ(groups.without_past_slope, 0);
}

}  // namespace
}  // namespace rankwise
