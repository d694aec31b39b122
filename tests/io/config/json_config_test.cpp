#include "io/config/json_config.hpp"

#include <gtest/gtest.h>

#include "kernels/base/error.hpp"

namespace rankwise {
namespace {

bool input_repeats(const std::string& section, const std::string& option) {
  return section.empty() && option == "input";
}

template <class Parse>
std::string message_of(std::string_view text, Parse parse) {
  try {
    (void)parse(text, "run.json", input_repeats);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    return error.what();
  }
  return "no error";
}

std::string message_of(std::string_view text) {
  return message_of(text, parse_json);
}

TEST(JsonConfig, ReadsValuesAsTheyAreWrittenWithTheirLines) {
  const auto entries = parse_json(
      "{\"factors\": 64,\n \"regularization\": 1e-3,\n\n \"biases\": true, \"split\": \"random:0.1\",\n"
      "\"shift\": -7\n,\n \"seed\": 18446744073709551615\n}",
      "run.json", input_repeats);
  ASSERT_EQ(entries.size(), 6U);
  const std::vector<ConfigEntry> expected{{"factors", "64", 1},  {"regularization", "1e-3", 2},
                                          {"biases", "true", 4}, {"split", "random:0.1", 4},
                                          {"shift", "-7", 5},    {"seed", "18446744073709551615", 7}};
  for (std::size_t i = 0; i < entries.size(); ++i) {
    EXPECT_EQ(entries[i].name, expected[i].name);
    EXPECT_EQ(entries[i].value, expected[i].value);
    EXPECT_EQ(entries[i].line, expected[i].line) << expected[i].name;
  }
}

TEST(JsonConfig, ListsAreOneValueOrSeveralEntries) {
  const auto entries = parse_json("{\"factors\": [32, 64],\n\"input\": [\"a,1.csv\", \"b.csv\"], \"alpha\": [2]}",
                                  "run.json", input_repeats);
  ASSERT_EQ(entries.size(), 4U);
  EXPECT_EQ(entries[0].value, "32,64");
  EXPECT_EQ(entries[1].value, "a,1.csv");
  EXPECT_EQ(entries[2].value, "b.csv");
  EXPECT_EQ(entries[2].name, "input");
  EXPECT_EQ(entries[3].value, "2");
}

TEST(JsonConfig, ReadsSections) {
  const auto sections =
      parse_json_sections("{\"als\":\n {\"factors\": 8},\n \"kmeans users\": {}}", "run.json", input_repeats);
  ASSERT_EQ(sections.size(), 2U);
  EXPECT_EQ(sections[0].name, "als");
  EXPECT_EQ(sections[0].line, 1);
  ASSERT_EQ(sections[0].entries.size(), 1U);
  EXPECT_EQ(sections[0].entries[0].value, "8");
  EXPECT_EQ(sections[0].entries[0].line, 2);
  EXPECT_EQ(sections[1].name, "kmeans users");
  EXPECT_EQ(sections[1].line, 3);
  EXPECT_TRUE(sections[1].entries.empty());
}

TEST(JsonConfig, RefusesWhatIsNoOptionWithFileAndLine) {
  const std::string expected = "; expected text, a number, true or false, or a list of these";
  EXPECT_EQ(message_of("{\n\"factors\": null}"), "run.json:2: option factors: null" + expected);
  EXPECT_EQ(message_of("{\"factors\": {\"a\": 1}}"), "run.json:1: option factors: an object" + expected);
  EXPECT_EQ(message_of("{\"factors\": []}"), "run.json:1: option factors: an empty list" + expected);
  EXPECT_EQ(message_of("{\"factors\": [1, [2]]}"), "run.json:1: option factors: a list" + expected);
  EXPECT_EQ(message_of("{\"factors\": [{}]}"), "run.json:1: option factors: an object" + expected);
  EXPECT_EQ(message_of("{\"\": 1}"), "run.json:1: expected a name before ':'");
  EXPECT_EQ(message_of("{\"data\": \"a\\nb\"}"), "run.json:1: expected names and values without control characters");
  EXPECT_EQ(message_of("{\"a\\nb\": 1}"), "run.json:1: expected names and values without control characters");
  for (const char* text : {"3", "[1]", "null", "\"als\""}) {
    EXPECT_NE(message_of(text).find("expected an object, as in {\"factors\": 64}"), std::string::npos) << text;
  }
  EXPECT_EQ(message_of("{}"), "no error");
}

TEST(JsonConfig, RefusesWhatIsNotJsonWithFileAndLine) {
  for (const char* text :
       {"", "{", "{\n\"factors\": 64,}", "{\"factors\" = 64}", "{} {}", "factors = 64", "{\"factors\": \"\xff\"}"}) {
    const std::string message = message_of(text);
    EXPECT_NE(message.find(": not JSON: "), std::string::npos) << message;
    EXPECT_EQ(message.find("json.exception"), std::string::npos) << message;
  }
  EXPECT_TRUE(message_of("{\n\"factors\": 64,\n}").starts_with("run.json:3: not JSON: syntax error"));
  EXPECT_EQ(message_of("{\n\"factors\": 1e400}"), "run.json:2: not JSON: number overflow parsing '1e400'");
  EXPECT_EQ(message_of(std::string_view("{\n}\0{", 5)), "run.json:2: not JSON: a zero byte");
}

TEST(JsonConfig, RefusesWhatIsNoSectionWithFileAndLine) {
  EXPECT_EQ(message_of("{\"als\":\n3}", parse_json_sections),
            "run.json:2: section als: '3'; expected an object, as in {\"factors\": 64}");
  EXPECT_EQ(message_of("{\"als\": [3]}", parse_json_sections),
            "run.json:1: section als: a list; expected an object, as in {\"factors\": 64}");
  EXPECT_EQ(message_of("{\"als\": {},\n\"als\": {}}", parse_json_sections),
            "run.json:2: section als is there already, in line 1");
}

}  // namespace
}  // namespace rankwise
