// One list of members writes an object and reads it back.

#include "io/config/json_fields.hpp"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "io/config/json_text.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {
namespace {

enum class Colour { red, green };

struct Values {
  Colour colour = Colour::red;
  int count = 0;
  std::uint64_t digest = 0;
  double share = 0;
  bool is_on = false;
  std::string name;
  std::vector<std::string> lines;
  std::map<std::string, int> failures;
  std::map<std::string, double> metrics;
  std::vector<double> losses;
  std::string newer = "as it was";
};

template <class Fields, class Of>
void list_members(Fields& fields, Of& values) {
  fields.one_of("colour", values.colour, {{"red", Colour::red}, {"green", Colour::green}});
  fields.whole("count", values.count, 1, 10);
  fields.bits("digest", values.digest);
  fields.number("share", values.share, 0, 1);
  fields.flag("on", values.is_on);
  fields.text("name", values.name);
  fields.texts("lines", values.lines);
  fields.wholes("failures", values.failures, 0, 5);
  fields.numbers("metrics", values.metrics);
  fields.numbers("losses", values.losses);
  if (fields.has("newer")) fields.text("newer", values.newer);
}

std::string text_of(const Values& values) {
  nlohmann::ordered_json json;
  FieldWriter fields(json);
  list_members(fields, values);
  return json_text(json, one_line);
}

Values values_of(const std::string& text) {
  Values values;
  FieldReader fields(RecordedValue::parse(text, "file.json"));
  list_members(fields, values);
  return values;
}

Values some_values() {
  return {Colour::green,
          7,
          std::numeric_limits<std::uint64_t>::max(),
          0.1,
          true,
          "a\xFF b",
          {"x", "y"},
          {{"t1", 2}},
          {{"loss", std::nan("")}, {"recall@20", 0.25}},
          {3.5, std::nan("")},
          "new"};
}

TEST(JsonFields, AreWrittenInTheOrderOfTheList) {
  EXPECT_EQ(text_of(some_values()).substr(0, 69),
            R"({"colour":"green","count":7,"digest":18446744073709551615,"share":0.1)");
}

TEST(JsonFields, ReadBackToTheSameValues) {
  const std::string text = text_of(some_values());
  const Values again = values_of(text);
  EXPECT_EQ(text_of(again), text);
  EXPECT_EQ(again.colour, Colour::green);
  EXPECT_EQ(again.digest, some_values().digest);
  EXPECT_EQ(again.name, some_values().name);
  EXPECT_EQ(again.failures, some_values().failures);
  EXPECT_TRUE(std::isnan(again.losses.at(1)));
}

TEST(JsonFields, AcceptWhatIsWithinTheBoundsAlone) {
  std::string text = text_of(some_values());
  text.replace(text.find("\"count\":7"), 9, "\"count\":11");
  try {
    (void)values_of(text);
    FAIL() << "11 is above 10";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::bad_data);
    EXPECT_NE(std::string(error.what()).find("file.json: count"), std::string::npos) << error.what();
  }
}

TEST(JsonFields, LeaveWhatAnOlderFileLacks) {
  std::string text = text_of(some_values());
  const std::size_t at = text.find(R"(,"newer":"new")");
  ASSERT_NE(at, std::string::npos);
  text.erase(at, std::string(R"(,"newer":"new")").size());
  EXPECT_EQ(values_of(text).newer, "as it was");
}

}  // namespace
}  // namespace rankwise
