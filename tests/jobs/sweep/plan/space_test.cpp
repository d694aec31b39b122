#include "jobs/sweep/plan/space.hpp"

#include <gtest/gtest.h>

#include "kernels/base/error.hpp"

namespace rankwise {
namespace {

std::vector<std::string> all_values(const Parameter& parameter) {
  std::vector<std::string> values;
  for (Index place = 0; place < parameter.count(); ++place) values.push_back(parameter.value_at(place));
  return values;
}

TEST(SweepSpace, ReadsListsAndRanges) {
  EXPECT_EQ(all_values(parse_parameter("factors", "32, 64,128", ValueKind::whole_number)),
            (std::vector<std::string>{"32", "64", "128"}));
  EXPECT_EQ(all_values(parse_parameter("regularization", "log 1e-4 .. 1e-1 x 4", ValueKind::number)),
            (std::vector<std::string>{"0.0001", "0.001", "0.01", "0.1"}));
  EXPECT_EQ(all_values(parse_parameter("factors", "linear 16 .. 40 x 4", ValueKind::whole_number)),
            (std::vector<std::string>{"16", "24", "32", "40"}));
  EXPECT_EQ(all_values(parse_parameter("factors", "log 8 .. 100 x 3", ValueKind::whole_number)),
            (std::vector<std::string>{"8", "28", "100"}));
  const Parameter between = parse_parameter("alpha", "linear 1 .. 3", ValueKind::number);
  EXPECT_EQ(between.count(), 0);
  EXPECT_EQ(between.value_of(0), "1");
  EXPECT_EQ(between.value_of(0.25), "1.5");
  EXPECT_EQ(parse_parameter("weighting", "constant, log", ValueKind::word).value_of(0.999), "log");
}

TEST(SweepSpace, RefusesWhatItCannotRead) {
  for (const char* text : {"", "1,,2", "1, 1", "log 0 .. 1", "linear 2 .. 1", "linear 1 .. 2 x 1", "linear 1 2",
                           "log a .. b", "log 1 .. inf", "1 if weighting", "1 if weighting = "}) {
    EXPECT_THROW((void)parse_parameter("alpha", text, ValueKind::number), Error) << text;
  }
}

TEST(SweepSpace, AlternativesCountOneAtATime) {
  const auto space_of = [](const char* penalty) {
    std::vector<Parameter> parameters = parse_parameters("penalty", penalty, ValueKind::number);
    parameters.push_back(parse_parameter("normalization", "0, 0.5, 0.75", ValueKind::number));
    return ordered_space(parameters);
  };
  const Space space = space_of("10, 100 if normalization = 0 | log 1 .. 9 x 3 if normalization = 0.5");
  ASSERT_EQ(space.size(), 3U);
  EXPECT_EQ(point_of(space, {"0", "10", "3"}), (SearchPoint{{"normalization", "0"}, {"penalty", "10"}}));
  EXPECT_EQ(point_of(space, {"0.5", "10", "3"}), (SearchPoint{{"normalization", "0.5"}, {"penalty", "3"}}));
  EXPECT_EQ(point_of(space, {"0.75", "10", "3"}), (SearchPoint{{"normalization", "0.75"}}));
  const Space both = space_of("10 if normalization = 0, 0.5 | 1 if normalization = 0.5");
  EXPECT_THROW((void)point_of(both, {"0.5", "10", "1"}), Error);
  EXPECT_THROW((void)parse_parameters("penalty", "10 if normalization = 0 | 1", ValueKind::number), Error);
  EXPECT_THROW((void)space_of("10 if normalization = 0 | 1 if normalization = 2"), Error);
  EXPECT_THROW((void)space_of("10 if normalization = 0 | 1 if penalty = 10"), Error);
}

TEST(SweepSpace, ConditionsDropWhatHasNoMeaning) {
  const Space space = ordered_space({parse_parameter("alpha", "1, 40 if weighting = linear, log", ValueKind::number),
                                     parse_parameter("weighting", "constant, linear, log", ValueKind::word)});
  EXPECT_EQ(space[0].name, "weighting");
  EXPECT_EQ(point_of(space, {"linear", "40"}), (SearchPoint{{"weighting", "linear"}, {"alpha", "40"}}));
  EXPECT_EQ(point_of(space, {"constant", "40"}), (SearchPoint{{"weighting", "constant"}}));
  const auto depends = [](const char* name, const char* text) { return parse_parameter(name, text, ValueKind::word); };
  EXPECT_THROW((void)ordered_space({depends("a", "1 if b = 2")}), Error);
  EXPECT_THROW((void)ordered_space({depends("a", "1 if b = 2"), depends("b", "3")}), Error);
  EXPECT_THROW((void)ordered_space({depends("a", "1 if b = 2"), depends("b", "2 if a = 1")}), Error);
}

}  // namespace
}  // namespace rankwise
