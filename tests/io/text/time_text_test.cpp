#include "io/text/time_text.hpp"

#include <array>
#include <ctime>
#include <gtest/gtest.h>
#include <random>

#include "kernels/base/error.hpp"

namespace rankwise {
namespace {

std::int64_t parse_time(std::string_view text, TimeForm form = TimeForm::by_look) {
  return TimeReader(form, "").read(text);
}

std::string failure_of(std::string_view text, TimeForm form = TimeForm::by_look) {
  try {
    (void)parse_time(text, form);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::bad_data);
    EXPECT_FALSE(TimeReader(form, "").reads(text));
    return error.what();
  }
  return "no failure";
}

TEST(Times, SecondsAndDates) {
  EXPECT_EQ(parse_time("86400"), 86'400'000'000);
  EXPECT_EQ(parse_time("1300000000"), 1'300'000'000'000'000);
  EXPECT_EQ(parse_time("90001.5"), 90'001'500'000);
  EXPECT_EQ(parse_time("90012."), 90'012'000'000);
  EXPECT_EQ(parse_time("90003.1234569"), 90'003'123'456);
  EXPECT_EQ(parse_time("1.3e9"), 1'300'000'000'000'000);
  EXPECT_EQ(parse_time("1970-01-02"), 86'400'000'000);
  EXPECT_EQ(parse_time("2010-12-01 08:26:00"), 1'291'191'960'000'000);
  EXPECT_EQ(parse_time("2010-12-01T08:26:00Z"), 1'291'191'960'000'000);
  EXPECT_EQ(parse_time("2010-12-01 08:26"), 1'291'191'960'000'000);
  EXPECT_EQ(parse_time("2010-12-01T10:26:00.250+02:00"), 1'291'191'960'250'000);
  EXPECT_EQ(parse_time("2010-12-01T10:26:00,250+02:00"), 1'291'191'960'250'000);
  for (const char* bad : {"", "x", "2010-13-01", "2010-02-29", "2010-12-01 24:00", "2010-12-01 08:60", "2010-12-01x",
                          "2010-12-01 08", "01/12/2010", "1e300", "nan", "99999999999999999999", "1.2.3", "2010-12-1",
                          "2010-12-01 08:26:00.", "2010-12-01 08:26ZZ"}) {
    EXPECT_NE(failure_of(bad), "no failure") << bad;
  }
}

TEST(Times, OutsideOf1970To2100AreRefused) {
  for (const char* bad : {"0", "86399.9", "-90000", "4102444800", "1970-01-01 23:59:59", "2100-01-01", "0001-01-01"}) {
    EXPECT_NE(failure_of(bad).find("lies outside 1970-01-02 to 2100"), std::string::npos) << bad;
  }
  EXPECT_EQ(parse_time("4102444799"), 4'102'444'799'000'000);
  EXPECT_EQ(failure_of("2100-01-01", TimeForm::iso), "time '2100-01-01' lies outside 1970-01-02 to 2100");
  EXPECT_EQ(failure_of("5", TimeForm::milliseconds), "time '5' lies outside 1970-01-02 to 2100");
}

TEST(Times, EachFormReadsItsOwn) {
  EXPECT_EQ(parse_time("20101201", TimeForm::eight_digits), 1'291'161'600'000'000);
  EXPECT_EQ(parse_time("20101201", TimeForm::seconds), 20'101'201'000'000);
  EXPECT_EQ(parse_time("1291191960250", TimeForm::milliseconds), 1'291'191'960'250'000);
  EXPECT_EQ(parse_time("86400000", TimeForm::milliseconds), 86'400'000'000);
  EXPECT_EQ(failure_of("20101301", TimeForm::eight_digits),
            "time '20101301' is not of the form YYYYMMDD, as the first rows are (--time-format)");
  EXPECT_EQ(failure_of("1291161600", TimeForm::iso),
            "time '1291161600' is not of the form YYYY-MM-DD[ HH:MM[:SS]] (--time-format)");
  EXPECT_EQ(failure_of("2010-12-01", TimeForm::seconds), "time '2010-12-01' is not seconds since 1970 (--time-format)");
}

TEST(Times, Patterns) {
  const auto read = [](std::string_view pattern, std::string_view text) -> std::string {
    const TimeChoice choice = parse_time_format(pattern);
    try {
      return std::to_string(TimeReader(*choice.form, choice.pattern).read(text) / 1'000'000);
    } catch (const Error& error) {
      return error.what();
    }
  };
  EXPECT_EQ(read("%d.%m.%Y %H:%M", "01.12.2010 08:26"), "1291191960");
  EXPECT_EQ(read("%m/%d/%Y", "12/1/2010"), "1291161600");
  EXPECT_EQ(read("%Y%m%d", "20101201"), "1291161600");
  EXPECT_EQ(read("%Y-%m", "2010-12"), "1291161600");
  EXPECT_EQ(read("%d %b %Y %H:%M:%S %z", "01 Dec 2010 10:26:00 +0200"), "1291191960");
  EXPECT_EQ(read("%d.%m.%Y", "31.02.2010"), "time '31.02.2010' is not of the form '%d.%m.%Y'");
  EXPECT_EQ(read("%d.%m.%Y", "01.12.2010x"), "time '01.12.2010x' is not of the form '%d.%m.%Y'");
  EXPECT_EQ(read("%d.%m.%Y", "01.12.1969"), "time '01.12.1969' lies outside 1970-01-02 to 2100");
  EXPECT_EQ(read("%d.%m.%Y", std::string(500, '1')).substr(0, 6), "time '");
  for (const char* bad : {"", "days", "Seconds", "%s", "%H %Z"})
    EXPECT_THROW((void)parse_time_format(bad), Error) << bad;
  EXPECT_FALSE(parse_time_format("auto").form);
}

TEST(Times, GuessesNeedAllOfTheFirstRows) {
  const auto guess = [](std::initializer_list<const char*> times) {
    TimeGuess made;
    for (const char* time : times) made.add(time);
    return made.form();
  };
  EXPECT_EQ(guess({}), TimeForm::by_look);
  EXPECT_EQ(guess({"20101201", "20111209"}), TimeForm::eight_digits);
  EXPECT_EQ(guess({"20101201", "20101301"}), TimeForm::by_look);
  EXPECT_EQ(guess({"1291191960250", "1291191960"}), TimeForm::by_look);
  EXPECT_EQ(guess({"1291191960250"}), TimeForm::judged_milliseconds);
  EXPECT_EQ(guess({"5000000000"}), TimeForm::by_look);  // 2128 as seconds, February 1970 as milliseconds: refused
  EXPECT_EQ(guess({"1291191960"}), TimeForm::by_look);
  EXPECT_EQ(guess({"40513.35"}), TimeForm::by_look);
  EXPECT_EQ(guess({"2010-12-01"}), TimeForm::by_look);
  EXPECT_EQ(guess({"1291191960250000"}), TimeForm::by_look) << "microseconds are refused as what they would be read as";
}

TEST(Times, AgreeWithTheCLibraryOver130Years) {
  std::mt19937_64 random(7);
  for (int trial = 0; trial < 2000; ++trial) {
    const auto seconds = static_cast<std::time_t>(random() % 4'102'358'400ULL) + 86'400;
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    std::array<char, 64> text{};
    std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &parts);
    ASSERT_EQ(parse_time(text.data()), seconds * 1'000'000) << text.data();
    ASSERT_EQ(TimeReader(TimeForm::pattern, "%Y-%m-%d %H:%M:%S").read(text.data()), seconds * 1'000'000) << text.data();
  }
}

}  // namespace
}  // namespace rankwise
