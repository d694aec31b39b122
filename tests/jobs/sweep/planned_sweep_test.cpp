#include "jobs/sweep/planned_sweep.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <set>

#include "jobs/sweep/plan/built_in_search.hpp"
#include "jobs/sweep/plan/tasks.hpp"
#include "kernels/base/error.hpp"
#include "kernels/text/number_text.hpp"

namespace rankwise {
namespace {

/// 1,000 x 500 with 10,000 interactions: the rule's weight is 0.4.
const SweptData data{.digest = 1, .fold_numbers = {}, .size = {1000, 500, 10'000}, .rows = 0};

SweepPlanOptions options_with(std::map<std::string, std::string> texts) {
  SweepPlanOptions options;
  options.data = "data.h5";
  options.texts = std::move(texts);
  options.most_trials = 1000;
  return options;
}

double number_at(const SweepPlan& plan, std::size_t trial, std::string_view name) {
  return *finite_number(std::ranges::find(plan.trials[trial].point, name, &Assignment::name)->value);
}

TEST(BuiltInSearch, IsOfOptionsThatNameNothingToSearch) {
  EXPECT_TRUE(leaves_search_open(SweptJob::als, {}));
  EXPECT_TRUE(leaves_search_open(SweptJob::als, {{"objective", "explicit"}, {"biases", "true"}}));
  EXPECT_FALSE(leaves_search_open(SweptJob::als, {{"factors", "8"}}));
  EXPECT_FALSE(leaves_search_open(SweptJob::als, {{"unobserved-weight", "auto"}}));
  EXPECT_FALSE(leaves_search_open(SweptJob::als, {{"objective", "implicit, explicit"}}));
  EXPECT_TRUE(leaves_search_open(SweptJob::kmeans, {{"metric", "cosine"}}));
  EXPECT_FALSE(leaves_search_open(SweptJob::kmeans, {{"clusters", "8"}}));
}

TEST(BuiltInSearch, SpansDecadesAroundTheRuleAndBeginsWithTheDefaults) {
  const SweepPlan plan = make_plan(options_with({{"weighting", "log"}}), data, 3);
  ASSERT_EQ(plan.trials.size(), 27U);
  EXPECT_EQ(plan.rungs, (std::vector<Rung>{{27, 4}, {9, 12}, {3, 16}}));
  EXPECT_EQ(number_at(plan, 0, "factors"), 64);
  EXPECT_EQ(number_at(plan, 0, "regularization"), 0.003);
  EXPECT_EQ(number_at(plan, 0, "unobserved-weight"), 0.4);
  EXPECT_EQ(number_at(plan, 0, "regularization-exponent"), 1);
  std::set<double> factors;
  double least = 1;
  double most = 0;
  for (std::size_t t = 0; t < plan.trials.size(); ++t) {
    factors.insert(number_at(plan, t, "factors"));
    const double weight = number_at(plan, t, "unobserved-weight");
    least = std::min(least, weight / 0.4);
    most = std::max(most, weight / 0.4);
    EXPECT_GE(number_at(plan, t, "regularization"), 1e-5);
    EXPECT_LE(number_at(plan, t, "regularization"), 1e-1);
  }
  EXPECT_EQ(factors, (std::set<double>{32, 64, 128}));
  EXPECT_GE(least, 0.0316);
  EXPECT_LT(least, 0.1);
  EXPECT_LE(most, 31.7);
  EXPECT_GT(most, 10);
}

TEST(BuiltInSearch, OfRatingsHasNoUnobservedWeight) {
  const SweepPlan plan = make_plan(options_with({{"objective", "explicit"}, {"biases", "true"}}), data, 3);
  EXPECT_EQ(plan.metrics, "rmse");
  EXPECT_EQ(number_at(plan, 0, "regularization"), 0.15);
  for (const Trial& trial : plan.trials) {
    EXPECT_EQ(std::ranges::count(trial.point, "unobserved-weight", &Assignment::name), 0);
  }
}

TEST(BuiltInSearch, OfClustersFitsTheRows) {
  SweepPlanOptions options = options_with({});
  options.job = SweptJob::kmeans;
  EXPECT_EQ(make_plan(options, {.fold_numbers = {}, .rows = 0}, 3).trials.size(), 9U);
  EXPECT_EQ(make_plan(options, {.fold_numbers = {}, .rows = 20}, 3).trials.size(), 5U);  // 2, 3, 4, 6, 8
}

TEST(BuiltInSearch, AnOwnSpaceStaysAsItIs) {
  const SweepPlan plan = make_plan(options_with({{"factors", "8"}}), data, 3);
  EXPECT_EQ(plan.trials.size(), 1U);
  EXPECT_EQ(plan.rungs.size(), 1U);
}

TEST(BuiltInSearch, ABudgetPaysForFewerOrMoreTrialsOfTheSameSequence) {
  SweepPlanOptions options = options_with({});
  const SweepPlan usual = make_plan(options, data, 3);
  const auto within = [&](double hours) {
    options.budget_core_hours = hours;
    SweepPlan plan = make_plan(options, data, 3);
    for (Trial& trial : plan.trials) trial.epoch_seconds = 36;  // as if predicted
    place_tasks(plan);
    fit_into_budget(plan, options, data);
    return plan;
  };
  for (const double hours : {1.0, 3.0, 10.0, 1000.0}) {
    const SweepPlan plan = within(hours);
    EXPECT_LE(plan.predicted_core_hours(), hours);
    EXPECT_EQ(plan.rungs.front().trials, std::ssize(plan.trials));
    EXPECT_EQ(plan.tasks.size(), plan.trials.size() * 3 * plan.rungs.size());
    const std::size_t same = std::min(usual.trials.size(), plan.trials.size());
    for (std::size_t t = 0; t < same; ++t) EXPECT_EQ(plan.trials[t].point, usual.trials[t].point);
    if (hours == 1000) {
      EXPECT_EQ(plan.trials.size(), 81U);
    } else {  // one more would not fit
      EXPECT_GT(plan.predicted_core_hours(), 0.5 * hours);
    }
  }
  EXPECT_THROW(within(0.1), Error);
}

TEST(BuiltInSearch, ABudgetNeedsTheBuiltInSpace) {
  SweepPlanOptions options = options_with({{"factors", "8, 16"}});
  options.budget_core_hours = 1;
  EXPECT_THROW((void)make_plan(options, data, 3), Error);
}

}  // namespace
}  // namespace rankwise
