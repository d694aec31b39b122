#include "jobs/planning/layout_figures.hpp"

#include <gtest/gtest.h>

namespace rankwise {
namespace {

LayoutFigures layout(int ranks, double seconds, double gibibytes) {
  LayoutFigures figures;
  figures.ranks = ranks;
  figures.run_seconds = seconds;
  figures.core_hours = seconds * ranks / 3600;
  figures.efficiency = 1000 / (seconds * ranks);
  figures.memory_bytes.max = gibibytes * 0x1p30;
  figures.time_limit_seconds = static_cast<Index>(seconds);
  return figures;
}

/// Efficiencies 1, 0.98, 0.78, 0.63.
const std::vector<LayoutFigures> layouts{layout(1, 1000, 16), layout(2, 510, 9), layout(4, 320, 5), layout(8, 200, 4)};

PlanOptions wishes(double gibibytes, std::optional<double> seconds, double efficiency) {
  PlanOptions options;
  options.memory_per_rank_bytes = static_cast<Index>(gibibytes * 0x1p30);
  options.time_limit_seconds = seconds;
  options.least_efficiency = efficiency;
  return options;
}

TEST(Recommendation, IsTheFastestThatIsEfficientWithoutATimeLimit) {
  EXPECT_EQ(recommend_layout(wishes(0, std::nullopt, 0.7), layouts).layout, 2);
  EXPECT_EQ(recommend_layout(wishes(0, std::nullopt, 0.5), layouts).layout, 3);
  EXPECT_EQ(recommend_layout(wishes(0, std::nullopt, 0.99), layouts).layout, 0);
}

TEST(Recommendation, IsTheCheapestThatEndsInTimeWithALimit) {
  EXPECT_EQ(recommend_layout(wishes(0, 2000, 0.7), layouts).layout, 0);
  EXPECT_EQ(recommend_layout(wishes(0, 600, 0.7), layouts).layout, 1);
  EXPECT_EQ(recommend_layout(wishes(6, 600, 0.7), layouts).layout, 2);
}

TEST(Recommendation, IsNoneWithAReasonWhereNothingFits) {
  const Recommendation none = recommend_layout(wishes(1, std::nullopt, 0.7), layouts);
  EXPECT_FALSE(none.layout);
  EXPECT_NE(none.reason.find("--memory-per-rank"), std::string::npos);
  const Recommendation inefficient = recommend_layout(wishes(4, std::nullopt, 0.7), layouts);
  EXPECT_FALSE(inefficient.layout);
  EXPECT_NE(inefficient.reason.find("--min-efficiency"), std::string::npos);
}

TEST(Recommendation, OfASingleLayoutAsksForFitAlone) {
  EXPECT_EQ(recommend_layout(wishes(0, std::nullopt, 0.99), std::span(layouts).last(1)).layout, 0);
  EXPECT_FALSE(recommend_layout(wishes(1, std::nullopt, 0), std::span(layouts).last(1)).layout);
}

TEST(Counts, AreNumbersFromOneWithCommas) {
  EXPECT_EQ(parse_counts("ranks", "1,2,1024"), (std::vector<int>{1, 2, 1024}));
  for (const char* wrong : {"", "0", "1,", ",1", "1,,2", "-1", "2x", "1 2", "100001", "1.5", "99999999999"}) {
    EXPECT_THROW((void)parse_counts("ranks", wrong), Error) << wrong;
  }
}

TEST(TrainingArguments, AreThoseOfAlsAlone) {
  const auto arguments = training_arguments("biases = true\nfactors = 17\nranks = 1,2\nseed = 3\nsafety = 2");
  EXPECT_EQ(arguments, (std::vector<std::string>{"--biases", "--factors", "17", "--seed", "3"}));
  EXPECT_EQ(training_arguments("biases = false"), std::vector<std::string>());
}

}  // namespace
}  // namespace rankwise
