#include "kernels/ranking/hit_values.hpp"

#include <cmath>
#include <gtest/gtest.h>

#include "kernels/base/error.hpp"
#include "kernels/ranking/rank_sum.hpp"

namespace rankwise {
namespace {

constexpr double close = 1e-15;

EvaluationMetric metric(MetricKind kind, Index cutoff, Definitions definitions = Definitions::ours) {
  return {"metric", kind, cutoff, definitions};
}

/// A list of 0, 1, 2, ... whose items at these positions, from 1, are wanted, and so many more that it does not have.
double value_of(const EvaluationMetric& metric, std::vector<Index> positions, Index missing,
                std::vector<float> weights = {}) {
  std::vector<ScoredItem> list(20);
  for (std::size_t i = 0; i < list.size(); ++i) list[i] = {-static_cast<float>(i), static_cast<Index>(i)};
  std::vector<Index> targets;
  for (const Index position : positions) targets.push_back(position - 1);
  for (Index m = 0; m < missing; ++m) targets.push_back(100 + m);
  const HitValues values({metric}, 200);
  std::vector<Hit> hits;
  find_hits(list, values.longest(), targets, hits);
  double value = 0;
  values.values(hits, std::ssize(targets), weights, {&value, 1});
  return value;
}

TEST(HitValuesTest, AveragePrecisionOfPublishedExamples) {
  const EvaluationMetric map = metric(MetricKind::average_precision, 10);
  EXPECT_NEAR(value_of(map, {2, 4, 5}, 1), (1.0 / 2 + 2.0 / 4 + 3.0 / 5) / 4, close);
  EXPECT_NEAR(value_of(map, {7, 8, 9, 10}, 0), (1.0 / 7 + 2.0 / 8 + 3.0 / 9 + 4.0 / 10) / 4, close);
}

TEST(HitValuesTest, DenominatorsAreThoseOfTheDefinitions) {
  const auto recall = [](Definitions definitions) {
    return value_of(metric(MetricKind::recall, 2, definitions), {1}, 3);
  };
  EXPECT_DOUBLE_EQ(recall(Definitions::ours), 1.0 / 2);
  EXPECT_DOUBLE_EQ(recall(Definitions::liang), 1.0 / 2);
  EXPECT_DOUBLE_EQ(recall(Definitions::recbole), 1.0 / 4);
  EXPECT_DOUBLE_EQ(recall(Definitions::trec), 1.0 / 4);
  const auto map = [](Definitions definitions) {
    return value_of(metric(MetricKind::average_precision, 2, definitions), {1}, 3);
  };
  EXPECT_DOUBLE_EQ(map(Definitions::ours), 1.0 / 2);
  EXPECT_DOUBLE_EQ(map(Definitions::recbole), 1.0 / 2);
  EXPECT_DOUBLE_EQ(map(Definitions::trec), 1.0 / 4);
}

TEST(HitValuesTest, OtherMetricsByTheirFormulas) {
  EXPECT_DOUBLE_EQ(value_of(metric(MetricKind::precision, 5), {2, 4, 9}, 0), 2.0 / 5);
  EXPECT_DOUBLE_EQ(value_of(metric(MetricKind::reciprocal_rank, 5), {4, 5}, 0), 1.0 / 4);
  EXPECT_DOUBLE_EQ(value_of(metric(MetricKind::reciprocal_rank, 3), {4}, 0), 0);
  EXPECT_DOUBLE_EQ(value_of(metric(MetricKind::hit_rate, 3), {3}, 0), 1);
  EXPECT_DOUBLE_EQ(value_of(metric(MetricKind::hit_rate, 2), {3}, 0), 0);
  EXPECT_DOUBLE_EQ(value_of(metric(MetricKind::revenue, 5), {1, 5, 6}, 0, {2.5F, 4, 8}), 6.5);
  const double ideal = 1 + 1 / std::log2(3);
  EXPECT_NEAR(value_of(metric(MetricKind::ndcg, 6), {3, 6}, 0), (1 / std::log2(4) + 1 / std::log2(7)) / ideal, close);
}

TEST(HitValuesTest, ACutoffBeyondTheCatalogueTakesNoMemory) {
  EXPECT_DOUBLE_EQ(value_of(metric(MetricKind::recall, Index{1} << 60), {3}, 1), 0.5);
  EXPECT_NEAR(value_of(metric(MetricKind::ndcg, Index{1} << 60), {1, 2}, 0), 1, close);
}

TEST(HitValuesTest, OthersAreRefused) {
  EXPECT_THROW(HitValues({metric(MetricKind::gini, 5)}, 10), Error);
}

TEST(RankSumTest, CountsPairsAndHalvesTies) {
  // Two wanted ones of scores 2 and 5, a third that is no candidate; others 1, 2, 2, 5, 7.
  RankSum<int> sum({5, 2}, 3);
  for (const int score : {1, 2, 2, 5, 7}) sum.add(score);
  EXPECT_DOUBLE_EQ(sum.area(), ((1 + 0.5 + 0.5) + (3 + 0.5)) / (3 * 5));
  sum.add(9);
  sum.remove(9);
  EXPECT_DOUBLE_EQ(sum.area(), 5.5 / 15);
}

TEST(RankSumTest, ManyAtOnceAreAsOneByOne) {
  const std::vector<int> scores{0, 1, 1, 3, 3, 3, 8};
  RankSum<int> one_by_one({1, 3, 5}, 3);
  for (const int score : scores) one_by_one.add(score);
  RankSum<int> at_once({1, 3, 5}, 3);
  at_once.add_all(scores);
  EXPECT_DOUBLE_EQ(at_once.area(), one_by_one.area());
  EXPECT_DOUBLE_EQ(RankSum<int>({1}, 1).area(), 0.5);
}

}  // namespace
}  // namespace rankwise
