#include "kernels/text/number_text.hpp"

#include <gtest/gtest.h>
#include <limits>
#include <string>

#include "kernels/base/error.hpp"

namespace rankwise {
namespace {

std::string failure_of(const auto& step) {
  try {
    step();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::bad_data);
    return error.what();
  }
  return "no failure";
}

TEST(WholeNumbers, AreDigitsToTheEnd) {
  EXPECT_EQ(whole_number<std::int64_t>("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(whole_number<std::uint64_t>("18446744073709551615"), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(whole_number<std::int32_t>("007"), 7);
  for (const char* bad : {"", "-", "+1", " 1", "1 ", "1.0", "1e3", "0x1", "2147483648"}) {
    EXPECT_EQ(whole_number<std::int32_t>(bad), std::nullopt) << bad;
  }
  EXPECT_EQ(whole_number<std::uint64_t>("-1"), std::nullopt);
}

TEST(WholeNumbers, LieWithinBounds) {
  EXPECT_EQ(whole_number<std::int32_t>("3", 3, 5), 3);
  EXPECT_EQ(whole_number<std::int32_t>("5", 3, 5), 5);
  EXPECT_EQ(whole_number<std::int32_t>("2", 3, 5), std::nullopt);
  EXPECT_EQ(whole_number<std::int32_t>("6", 3, 5), std::nullopt);
}

TEST(FiniteNumbers, AreDecimalToTheEnd) {
  EXPECT_EQ(finite_number("-0.25"), -0.25);
  EXPECT_EQ(finite_number("1e3"), 1000.0);
  for (const char* bad : {"", "+1", " 1", "1 ", "1,5", "0x10", "nan", "inf", "1e999"}) {
    EXPECT_EQ(finite_number(bad), std::nullopt) << bad;
  }
}

TEST(TakenNumbers, LeaveTheRestOfTheText) {
  std::string_view text = "12/3.5min";
  EXPECT_EQ(take_whole_number<std::int64_t>(text), 12);
  EXPECT_EQ(text, "/3.5min");
  EXPECT_EQ(take_whole_number<std::int64_t>(text), std::nullopt);
  EXPECT_EQ(take_finite_number(text), std::nullopt);
  EXPECT_EQ(text, "/3.5min");
  text.remove_prefix(1);
  EXPECT_EQ(take_finite_number(text), 3.5);
  EXPECT_EQ(text, "min");
  text = "infinite";
  EXPECT_EQ(take_finite_number(text), std::nullopt);
  EXPECT_EQ(text, "infinite");
}

TEST(FieldNumbers, AreDecimalAndFinite) {
  EXPECT_EQ(parse_number("5", "value"), 5.0);
  EXPECT_EQ(parse_number("-0.25", "value"), -0.25);
  EXPECT_EQ(parse_number("+1e3", "value"), 1000.0);
  EXPECT_EQ(parse_number(".5", "value"), 0.5);
  for (const char* bad : {"", "x", "5x", "1,5", "0x10", "+-1", "--1", "1 2"}) {
    EXPECT_NE(failure_of([&] { (void)parse_number(bad, "value"); }).find("is not a number"), std::string::npos) << bad;
  }
  for (const char* bad : {"nan", "NaN", "inf", "-Infinity"}) {
    EXPECT_NE(failure_of([&] { (void)parse_number(bad, "value"); }).find("is not finite"), std::string::npos) << bad;
  }
  EXPECT_NE(failure_of([] { (void)parse_number("1e999", "value"); }), "no failure");
}

TEST(FieldNumbers, WithDecimalCommas) {
  EXPECT_EQ(parse_number("4,5", "value", ','), 4.5);
  EXPECT_EQ(parse_number("-0,25e1", "value", ','), -2.5);
  EXPECT_EQ(parse_number("7", "value", ','), 7.0);
  EXPECT_EQ(failure_of([] { (void)parse_number("4.5", "value", ','); }),
            "value '4.5' is not a number with a decimal comma (--decimal point)");
  EXPECT_EQ(failure_of([] { (void)parse_number("4,5", "value"); }),
            "value '4,5' is not a number (--decimal comma reads decimal commas)");
  for (const char* bad : {"1.234,5", "1,2,3", ",", "x"}) EXPECT_FALSE(number_of(bad, ',')) << bad;
}

}  // namespace
}  // namespace rankwise
