#include "jobs/sweep/state/scores.hpp"

#include <cmath>
#include <gtest/gtest.h>

#include "jobs/sweep/plan/tasks.hpp"

namespace rankwise {
namespace {

/// Trials of these factors on as many folds as each has values.
struct Sweep {
  SweepPlan plan;
  Records records;
};

Sweep sweep_of(const std::vector<std::pair<std::string, std::vector<double>>>& trials) {
  Sweep sweep;
  SweepPlan& plan = sweep.plan;
  plan.metrics = "ndcg@10";
  plan.parameters = {"factors"};
  const std::size_t folds = trials.front().second.size();
  for (std::size_t f = 0; f < folds; ++f) plan.folds.push_back("interactions:" + std::to_string(f + 1) + "/3");
  for (const auto& [factors, values] : trials) {
    Trial trial;
    trial.point = {{"factors", factors}};
    plan.trials.push_back(trial);
    for (const double value : values) {
      TaskRecord record;
      record.metrics["ndcg@10"] = value;
      record.baselines["ndcg@10"] = 0.1;
      sweep.records.emplace_back(record);
    }
  }
  plan.rungs = {{std::ssize(plan.trials), 1}};
  place_tasks(plan);
  return sweep;
}

TEST(Scores, ATrialThatIsWorseOnEveryFoldIsNotAsGood) {
  // Folds differ by 0.1, trials by 0.002 on each of them.
  const Sweep sweep = sweep_of({{"8", {0.3980, 0.3481, 0.2979}}, {"64", {0.4, 0.35, 0.3}}});
  const std::vector<TrialScore> ranked = ranked_scores(sweep.plan, sweep.records);
  EXPECT_EQ(ranked.front().trial, 1U);
  // The deviation over folds is 25 times the difference.
  EXPECT_NEAR(ranked.front().standard_deviation, 0.05, 1e-4);
  EXPECT_NEAR(ranked[1].behind_best.difference, 0.002, 1e-9);
  const Selection selection = selected(sweep.plan, ranked);
  EXPECT_EQ(selection.chosen, 0U);
  EXPECT_EQ(selection.as_good, std::vector<std::size_t>{0});
}

TEST(Scores, OfTrialsThatAreNotWorseForCertainTheSimplestIsTaken) {
  const Sweep sweep = sweep_of({{"8", {0.397, 0.356, 0.298}}, {"64", {0.4, 0.35, 0.303}}, {"32", {0.38, 0.33, 0.28}}});
  const std::vector<TrialScore> ranked = ranked_scores(sweep.plan, sweep.records);
  ASSERT_EQ(ranked.front().trial, 1U);
  // By hand: differences 0.003, -0.006, 0.005.
  const double mean = 0.002 / 3;
  const double deviation =
      std::sqrt((std::pow(0.003 - mean, 2) + std::pow(-0.006 - mean, 2) + std::pow(0.005 - mean, 2)) / 2);
  EXPECT_NEAR(ranked[1].behind_best.difference, mean, 1e-12);
  EXPECT_NEAR(ranked[1].behind_best.standard_error, deviation * std::sqrt(1.0 / 3 + 1.0 / 2), 1e-12);
  EXPECT_NEAR(ranked[1].behind_best_confidence, 4.302652729911275 * ranked[1].behind_best.standard_error, 1e-9);
  const Selection selection = selected(sweep.plan, ranked);
  EXPECT_EQ(ranked[selection.chosen].trial, 0U);
  EXPECT_EQ(selection.as_good, (std::vector<std::size_t>{0, 1}));
}

TEST(Scores, OneFoldHasNoPairsAndTheBestIsTaken) {
  const Sweep sweep = sweep_of({{"8", {0.39999}}, {"64", {0.4}}});
  const std::vector<TrialScore> ranked = ranked_scores(sweep.plan, sweep.records);
  EXPECT_TRUE(std::isnan(ranked[1].behind_best_confidence));
  const Selection selection = selected(sweep.plan, ranked);
  EXPECT_EQ(ranked[selection.chosen].trial, 1U);
  EXPECT_EQ(selection.as_good.size(), 1U);
}

TEST(Scores, EqualTrialsAreAsGood) {
  const Sweep sweep = sweep_of({{"64", {0.4, 0.3, 0.2}}, {"8", {0.4, 0.3, 0.2}}});
  const std::vector<TrialScore> ranked = ranked_scores(sweep.plan, sweep.records);
  EXPECT_EQ(ranked[selected(sweep.plan, ranked).chosen].trial, 1U);
}

TEST(Scores, TheBestRuleTakesTheBestAndTheBaselineIsTheFoldsMean) {
  Sweep sweep = sweep_of({{"8", {0.397, 0.356, 0.298}}, {"64", {0.4, 0.35, 0.303}}});
  sweep.plan.rule = SelectionRule::best;
  sweep.records[4]->baselines["ndcg@10"] = 0.16;
  const std::vector<TrialScore> ranked = ranked_scores(sweep.plan, sweep.records);
  EXPECT_EQ(selected(sweep.plan, ranked).chosen, 0U);
  EXPECT_NEAR(ranked.front().baseline, 0.12, 1e-12);
  sweep.records[4]->baselines.clear();
  EXPECT_TRUE(std::isnan(ranked_scores(sweep.plan, sweep.records).front().baseline));
}

}  // namespace
}  // namespace rankwise
