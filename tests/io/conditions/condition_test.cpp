// Conditions: their grammar, what they say of records, and what is no condition.

#include "io/conditions/condition.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <vector>

#include "io/conditions/condition_text.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {
namespace {

/// Of a table with these columns.
const std::vector<std::string> header{"country", "price", "cost", "net price", "in"};

bool holds(std::string_view text, std::vector<std::string_view> fields, char decimal = '.') {
  const RowCondition condition = parse_condition("--where", text);
  std::vector<int> columns;
  for (const std::string& name : condition.columns()) {
    columns.push_back(static_cast<int>(std::ranges::find(header, name) - header.begin()));
  }
  fields.resize(header.size());
  const MissingValues missing;
  return condition.holds({.fields = fields, .columns = columns, .missing_values = missing, .decimal = decimal});
}

std::string failure_of(std::string_view text) {
  try {
    static_cast<void>(parse_condition("--where", text));
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    return error.what();
  }
  return "none";
}

TEST(ConditionTest, NumbersAreComparedAsNumbers) {
  for (const auto& [text, below, same, above] :
       {std::tuple("price < 10", true, false, false), std::tuple("price <= 10", true, true, false),
        std::tuple("price > 10", false, false, true), std::tuple("price>=10", false, true, true),
        std::tuple("price = 10", false, true, false), std::tuple("price != 1e1", true, false, true)}) {
    EXPECT_EQ(holds(text, {"", "9"}), below) << text;
    EXPECT_EQ(holds(text, {"", "10.0"}), same) << text;
    EXPECT_EQ(holds(text, {"", "100"}), above) << text;
  }
  EXPECT_TRUE(holds("price > -2.5", {"", "-2,4"}, ','));
  EXPECT_FALSE(holds("price = '10'", {"", "10.0"}));  // a text in quotes is no number
  EXPECT_TRUE(holds("price = '10'", {"", "10"}));
  EXPECT_TRUE(holds("price > 5", {"", "cheap"}));  // by their bytes
}

TEST(ConditionTest, TextsColumnsAndLists) {
  EXPECT_TRUE(holds("country = DE", {"DE"}));
  EXPECT_FALSE(holds("country = DE", {"de"}));
  EXPECT_TRUE(holds("country = 'New Zealand'", {"New Zealand"}));
  EXPECT_TRUE(holds("country = 'it''s'", {"it's"}));
  EXPECT_TRUE(holds("country in (FR, 'DE')", {"DE"}));
  EXPECT_FALSE(holds("country in (FR, 'DE')", {"IT"}));
  EXPECT_TRUE(holds("country not in (FR, 'DE')", {"IT"}));
  EXPECT_TRUE(holds("price in (1, 2.5)", {"", "2.50"}));
  EXPECT_TRUE(holds("price > \"cost\"", {"", "10", "9"}));
  EXPECT_FALSE(holds("price > \"cost\"", {"", "10", "11"}));
  EXPECT_TRUE(holds("\"net price\" < 3", {"", "", "", "2"}));
  EXPECT_TRUE(holds("\"in\" >= 2020-01-02", {"", "", "", "", "2020-01-10"}));
}

TEST(ConditionTest, WordsBindAsUsual) {
  EXPECT_TRUE(holds("country = DE or country = FR and price > 5", {"DE", "1"}));
  EXPECT_FALSE(holds("(country = DE or country = FR) and price > 5", {"DE", "1"}));
  EXPECT_TRUE(holds("not country = DE and price = 1", {"FR", "1"}));
  EXPECT_FALSE(holds("NOT (country = FR AND price = 1)", {"FR", "1"}));
  EXPECT_TRUE(holds("not not country = DE", {"DE"}));
}

TEST(ConditionTest, MissingFieldsMakeComparisonsFalse) {
  for (const std::string_view missing : {"", " ", "NULL"}) {
    EXPECT_FALSE(holds("country = DE", {missing}));
    EXPECT_FALSE(holds("country != DE", {missing}));
    EXPECT_FALSE(holds("price < \"cost\"", {"", "1", missing}));
    EXPECT_TRUE(holds("not country = DE", {missing}));
    EXPECT_TRUE(holds("country is missing", {missing}));
    EXPECT_FALSE(holds("country is not missing", {missing}));
  }
  EXPECT_FALSE(holds("country is missing", {"DE"}));
}

TEST(ConditionTest, ErrorsSayWhereAndWhatWasExpected) {
  EXPECT_EQ(failure_of(""), "--where '': at byte 1: expected a column, 'not' or '(', found the end");
  EXPECT_EQ(
      failure_of("country ="),
      "--where 'country =': at byte 10: expected a value (a text of several words in single quotes), found the end");
  EXPECT_EQ(failure_of("country DE"),
            "--where 'country DE': at byte 9: expected =, !=, <, <=, >, >=, 'in' or 'is', found 'DE'");
  EXPECT_EQ(failure_of("a = b c"), "--where 'a = b c': at byte 7: expected 'and', 'or' or the end, found 'c'");
  EXPECT_EQ(failure_of("(a = b"), "--where '(a = b': at byte 7: expected 'and', 'or' or ')', found the end");
  EXPECT_EQ(failure_of("a in (b"), "--where 'a in (b': at byte 8: expected ',' or ')', found the end");
  EXPECT_EQ(failure_of("a in b"), "--where 'a in b': at byte 6: expected '(', found 'b'");
  EXPECT_EQ(failure_of("a is b"), "--where 'a is b': at byte 6: expected 'missing', found 'b'");
  EXPECT_EQ(failure_of("a not b"), "--where 'a not b': at byte 7: expected 'in', found 'b'");
  EXPECT_EQ(failure_of("'a' = b"), "--where ''a' = b': at byte 1: expected a column, 'not' or '(', found 'a'");
  EXPECT_EQ(failure_of("a = 'b"), "--where 'a = 'b': at byte 5: a quote opens that is not closed");
  EXPECT_EQ(failure_of("a == b"),
            "--where 'a == b': at byte 4: expected a value (a text of several words in single quotes), found '='");
}

TEST(ConditionTest, SizesAreBounded) {
  EXPECT_NE(failure_of(std::string(5000, '(') + "a = b").find("is more than 100 parentheses deep"), std::string::npos);
  std::string many = "a = b";
  for (int i = 0; i < 3000; ++i) many += " or a = b";
  EXPECT_NE(failure_of(many).find("has more than 1000 parts"), std::string::npos);
  std::string wide = "c0 = 1";
  for (int i = 1; i <= most_condition_columns; ++i) wide += " and c" + std::to_string(i) + " = 1";
  EXPECT_NE(failure_of(wide).find("names more than 16 columns"), std::string::npos);
}

}  // namespace
}  // namespace rankwise
