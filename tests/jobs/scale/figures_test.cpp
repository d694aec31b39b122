// What runs say together: efficiency, medians, the check of losses.

#include "jobs/scale/figures.hpp"

#include <cmath>
#include <gtest/gtest.h>

namespace rankwise {
namespace {

ScaleRun run_of(ScalingKind scaling, int ranks, std::vector<double> seconds, double predicted_seconds) {
  ScaleRun run;
  run.scaling = scaling;
  run.ranks = ranks;
  run.growth = scaling == ScalingKind::strong ? 1 : ranks;
  run.interactions = Index{1000} * run.growth;
  run.losses = std::vector<EpochLoss>(seconds.size(), {3, 2, 1});
  run.epoch_seconds = std::move(seconds);
  run.predicted.epoch_seconds = predicted_seconds;
  run.user_seconds = {2, 2};
  run.item_seconds = {1, 1};
  run.user_solver_seconds = {1.5, 1};
  run.item_solver_seconds = {0.5, 0.5};
  run.bytes_sent = 1100;
  run.predicted.users.lower_bound_bytes = 600;
  run.predicted.items.lower_bound_bytes = 400;
  run.flops = 8e9;
  return run;
}

TEST(ScaleFigures, LeaveTheFirstEpochOut) {
  const std::vector<ScaleRun> runs{run_of(ScalingKind::strong, 1, {100, 5, 3, 4}, 2)};
  const ScaleFigures figures = scale_figures(runs).front();
  EXPECT_EQ(figures.epoch_seconds, 4);
  EXPECT_EQ(figures.min_epoch_seconds, 3);
  EXPECT_EQ(figures.max_epoch_seconds, 5);
  EXPECT_EQ(figures.predicted_share, 0.5);
  EXPECT_EQ(figures.interactions_per_second, 250);
  EXPECT_EQ(figures.gflops, 2);
  EXPECT_NEAR(figures.bytes_over_least, 1.1, 1e-12);
  EXPECT_NEAR(figures.imbalance, 2 / 1.5, 1e-12);
  EXPECT_NEAR(figures.solver_share, 0.5, 1e-12);
}

TEST(ScaleFigures, OfAnEvenNumberOfEpochsTakeTheMiddleOfBoth) {
  const std::vector<ScaleRun> runs{run_of(ScalingKind::strong, 1, {100, 5, 4}, 2)};
  EXPECT_EQ(scale_figures(runs).front().epoch_seconds, 4.5);
}

TEST(ScaleFigures, MeasureStrongRunsByTheSmallest) {
  const std::vector<ScaleRun> runs{run_of(ScalingKind::strong, 2, {9, 8}, 10),
                                   run_of(ScalingKind::strong, 8, {9, 4}, 2.5)};
  const std::vector<ScaleFigures> figures = scale_figures(runs);
  EXPECT_EQ(figures[0].efficiency, 1);
  EXPECT_EQ(figures[0].speedup, 2);
  EXPECT_EQ(figures[1].efficiency, 0.5);
  EXPECT_EQ(figures[1].speedup, 4);
  EXPECT_EQ(figures[1].predicted_efficiency, 1);
}

TEST(ScaleFigures, MeasureWeakRunsByTheirSeconds) {
  const std::vector<ScaleRun> runs{run_of(ScalingKind::weak, 1, {9, 4}, 4), run_of(ScalingKind::weak, 4, {9, 5}, 8)};
  const std::vector<ScaleFigures> figures = scale_figures(runs);
  EXPECT_EQ(figures[1].efficiency, 0.8);
  EXPECT_EQ(figures[1].speedup, 3.2);
  EXPECT_EQ(figures[1].predicted_efficiency, 0.5);
}

TEST(ScaleSeries, StandTogetherOrAreEmpty) {
  const std::vector<ScaleRun> runs{run_of(ScalingKind::strong, 1, {1, 1}, 1), run_of(ScalingKind::strong, 2, {1, 1}, 1),
                                   run_of(ScalingKind::weak, 2, {1, 1}, 1)};
  EXPECT_EQ(series_of(runs, ScalingKind::strong).size(), 2U);
  EXPECT_EQ(series_of(runs, ScalingKind::weak).size(), 1U);
  EXPECT_TRUE(series_of(std::span(runs).first(2), ScalingKind::weak).empty());
  EXPECT_TRUE(series_of(std::span(runs).last(1), ScalingKind::strong).empty());
}

TEST(Losses, OfTheSameMatrixMustBeTheSameBits) {
  std::vector<ScaleRun> runs{run_of(ScalingKind::strong, 1, {1, 1}, 1), run_of(ScalingKind::strong, 4, {1, 1}, 1),
                             run_of(ScalingKind::weak, 1, {1, 1}, 1), run_of(ScalingKind::weak, 3, {1, 1}, 1)};
  runs[3].losses[0].observed = 7;  // another matrix
  EXPECT_FALSE(difference_of_losses(runs));
  runs[1].losses[1].unobserved = std::nextafter(2.0, 3.0);
  const std::optional<std::string> difference = difference_of_losses(runs);
  ASSERT_TRUE(difference);
  EXPECT_NE(difference->find("epoch 2"), std::string::npos);
  EXPECT_NE(difference->find("on 4 ranks"), std::string::npos);
  runs[1] = runs[0];
  runs[2].losses[0].regularizer = 0;  // one rank, as the first strong run
  EXPECT_TRUE(difference_of_losses(runs));
}

TEST(ScaleTable, MarksCrowdedRuns) {
  std::vector<ScaleRun> runs{run_of(ScalingKind::strong, 1, {1, 1}, 1)};
  EXPECT_EQ(scale_table(runs).find('*'), std::string::npos);
  runs[0].is_oversubscribed = true;
  EXPECT_NE(scale_table(runs).find("* more threads than processors"), std::string::npos);
}

}  // namespace
}  // namespace rankwise
