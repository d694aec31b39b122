#include "io/text/field_text.hpp"

#include <gtest/gtest.h>

#include "kernels/base/error.hpp"

namespace rankwise {
namespace {

using Fields = std::vector<std::string>;

Fields split(Dialect dialect, std::string_view line) {
  FieldSplitter splitter(dialect);
  const auto& views = splitter.split(line);
  return {views.begin(), views.end()};
}

std::string failure_of(const auto& step) {
  try {
    step();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::bad_data);
    return error.what();
  }
  return "no failure";
}

TEST(FieldSplitter, CommaFollowsRfc4180) {
  EXPECT_EQ(split(Dialect::quoted, "a,b,c"), (Fields{"a", "b", "c"}));
  EXPECT_EQ(split(Dialect::quoted, ""), (Fields{""}));
  EXPECT_EQ(split(Dialect::quoted, ",,"), (Fields{"", "", ""}));
  EXPECT_EQ(split(Dialect::quoted, R"("a,b",c)"), (Fields{"a,b", "c"}));
  EXPECT_EQ(split(Dialect::quoted, R"("say ""hi""",x,"""")"), (Fields{R"(say "hi")", "x", "\""}));
  EXPECT_EQ(split(Dialect::quoted, R"("","")"), (Fields{"", ""}));
  EXPECT_EQ(split(Dialect::quoted, R"(5" disk,x)"), (Fields{R"(5" disk)", "x"}));
  EXPECT_EQ(split(Dialect::quoted, "\"a \" ,\"b\"\t "), (Fields{"a ", "b"})) << "blanks after a closing quote";
  EXPECT_EQ(split(Dialect::quoted, R"( a , b ," c ")"), (Fields{"a", "b", " c "}));
}

TEST(FieldSplitter, CommaRefusesBrokenQuotes) {
  EXPECT_EQ(failure_of([] { split(Dialect::quoted, R"("a""")"); }), "no failure");
  EXPECT_EQ(failure_of([] { split(Dialect::quoted, R"("a"b,c)"); }), "field 1 has text after its closing quote");
}

TEST(FieldSplitter, QuotesThatAreNotClosedSayWhereTheyOpen) {
  FieldSplitter splitter(Dialect::quoted, ';');
  const auto open = [&](std::string_view record) {
    const std::size_t complete = splitter.split(record).size();
    return splitter.open_quote() ? std::make_pair(complete, *splitter.open_quote())
                                 : std::make_pair(complete, ~std::size_t{0});
  };
  EXPECT_EQ(open(R"(a;"b;c)"), std::make_pair(std::size_t{1}, std::size_t{2}));
  EXPECT_EQ(open(R"(")"), std::make_pair(std::size_t{0}, std::size_t{0}));
  EXPECT_EQ(open(R"(a;"b"";c)"), std::make_pair(std::size_t{1}, std::size_t{2}));
  EXPECT_EQ(open("a;\"b\nc\""), std::make_pair(std::size_t{2}, ~std::size_t{0}));
  EXPECT_EQ(splitter.split("a;\"b\nc\"").back(), "b\nc");
  EXPECT_EQ(open(R"(5" disk;x)"), std::make_pair(std::size_t{2}, ~std::size_t{0}));
}

TEST(FieldSplitter, AnySignDividesFields) {
  FieldSplitter splitter(Dialect::quoted, '|');
  EXPECT_EQ(splitter.split(R"(a, b | "c|d"|"e|f")").size(), 4U) << "a quote opens at the front of a field only";
  EXPECT_EQ(splitter.split(R"(a|"b|c")").back(), "b|c");
}

TEST(FieldSplitter, TabTakesStrayQuotesAsText) {
  EXPECT_EQ(split(Dialect::tab, "\"a\tb\"\tc"), (Fields{"a\tb", "c"}));
  EXPECT_EQ(split(Dialect::tab, "\"open\tc"), (Fields{"\"open", "c"}));
  EXPECT_EQ(split(Dialect::tab, "\"Heroes\" again\tc"), (Fields{"\"Heroes\" again", "c"}));
  EXPECT_EQ(split(Dialect::tab, "a,b\t"), (Fields{"a,b", ""}));
}

TEST(FieldSplitter, DoubleColonsAndBlanks) {
  EXPECT_EQ(split(Dialect::double_colon, "1::2::3.5::9"), (Fields{"1", "2", "3.5", "9"}));
  EXPECT_EQ(split(Dialect::double_colon, "a:b::c::"), (Fields{"a:b", "c", ""}));
  EXPECT_EQ(split(Dialect::blanks, "  1 \t 2   3 "), (Fields{"1", "2", "3"}));
  EXPECT_EQ(split(Dialect::blanks, "   "), Fields{});
}

TEST(FieldSplitter, UnescapedViewsOutliveLaterFieldsOfTheLine) {
  std::string line;
  Fields expected;
  for (int i = 0; i < 200; ++i) {
    line += (i == 0 ? "" : ",") + std::string(R"("q"")") + std::to_string(i) + "\"";
    expected.push_back("q\"" + std::to_string(i));
  }
  EXPECT_EQ(split(Dialect::quoted, line), expected);
}

}  // namespace
}  // namespace rankwise
