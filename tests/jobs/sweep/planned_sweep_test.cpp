#include "jobs/sweep/planned_sweep.hpp"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <map>
#include <set>

#include "jobs/sweep/plan/built_in_search.hpp"
#include "jobs/sweep/plan/tasks.hpp"
#include "kernels/base/error.hpp"
#include "kernels/text/number_text.hpp"

namespace rankwise {
namespace {

/// 1,000 x 500 with 10,000 interactions: the rule's weight is 0.4.
const SweptData data{.digest = 1, .fold_numbers = {}, .searched = {.size = {1000, 500, 10'000}}};

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
  EXPECT_TRUE(leaves_search_open(SweptJob::itemcf, {{"entry-weights", "log"}}));
  EXPECT_FALSE(leaves_search_open(SweptJob::itemcf, {{"entry-weights", "one, log"}}));
  EXPECT_FALSE(leaves_search_open(SweptJob::itemcf, {{"penalty", "10"}}));
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
  EXPECT_EQ(make_plan(options, {.fold_numbers = {}, .searched = {.rows = 0}}, 3).trials.size(), 9U);
  EXPECT_EQ(make_plan(options, {.fold_numbers = {}, .searched = {.rows = 20}}, 3).trials.size(), 5U);  // 2, 3, 4, 6, 8
}

std::string value_at(const SweepPlan& plan, std::size_t trial, std::string_view name) {
  const SearchPoint& point = plan.trials[trial].point;
  const auto found = std::ranges::find(point, name, &Assignment::name);
  return found == point.end() ? "" : found->value;
}

TEST(BuiltInSearch, OfItemsHasSimilaritiesAndRidgesScaledToTheData) {
  SweepPlanOptions options = options_with({});
  options.job = SweptJob::itemcf;
  const SweepPlan plan = make_plan(options, data, 3);
  ASSERT_EQ(plan.trials.size(), 28U);
  EXPECT_EQ(plan.rungs, (std::vector<Rung>{{28, 0}}));
  EXPECT_EQ(plan.metrics, "ndcg@100");
  std::map<std::string, std::vector<double>> penalties;
  for (std::size_t t = 0; t < plan.trials.size(); ++t) {
    const bool is_ridge = value_at(plan, t, "weights") == "ridge";
    EXPECT_EQ(value_at(plan, t, "penalty").empty(), !is_ridge);
    if (is_ridge) penalties[value_at(plan, t, "normalization")].push_back(number_at(plan, t, "penalty"));
  }
  // 20 interactions an item.
  ASSERT_EQ(penalties.size(), 3U);
  for (const auto& [normalization, found] : penalties) {
    const double scale = std::pow(20.0, 1 - *finite_number(normalization));
    ASSERT_EQ(found.size(), 4U);
    EXPECT_NEAR(found.front() / scale, 0.0316, 0.0005);
    EXPECT_NEAR(found.back() / scale, 31.6, 0.5);
  }
  SweptData small = data;
  small.searched.size = {100, 15, 600};
  EXPECT_EQ(make_plan(options, small, 3).trials.size(), 8U + 12U);  // 14 neighbours are all there are
}

TEST(SweptItems, EachDistinctSettingIsOneTrial) {
  SweepPlanOptions options = options_with({{"weights", "similarity, ridge"},
                                           {"penalty", "1, 10, 100"},
                                           {"similarity", "cosine, rp3beta"},
                                           {"shrinkage", "0, 20"},
                                           {"neighbours", "10, all"}});
  options.job = SweptJob::itemcf;
  const SweepPlan plan = make_plan(options, data, 3);
  // Similarities: cosine with 2 shrinkages, rp3beta with none, 2 numbers of neighbours; ridges of 10: the same 3
  // similarities, 3 penalties; of all items: 3 penalties.
  EXPECT_EQ(plan.trials.size(), 3U * 2U + 3U * 3U + 3U);
  EXPECT_EQ(plan.combinations, 48);
  for (const Trial& trial : plan.trials) {
    EXPECT_NO_THROW((void)resolved_configuration(SweptJob::itemcf, trial.arguments));
  }
}

TEST(SweptItems, WhatItemcfRefusesIsRefusedByThePlan) {
  for (const auto& texts : {std::map<std::string, std::string>{{"weights", "ridge"}, {"normalization", "0, 0.5"}},
                            std::map<std::string, std::string>{{"shrinkage", "1, much"}},
                            std::map<std::string, std::string>{{"factors", "8"}}}) {
    SweepPlanOptions options = options_with(texts);
    options.job = SweptJob::itemcf;
    EXPECT_THROW(
        {
          SweepPlan plan = make_plan(options, data, 3);
          name_tasks(plan);
        },
        Error);
  }
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
