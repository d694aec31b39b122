#include "jobs/options/option_text.hpp"

#include <cstdint>
#include <gtest/gtest.h>
#include <vector>

namespace rankwise {
namespace {

namespace po = boost::program_options;

TEST(OptionText, ValuesReadBackToTheSameValue) {
  EXPECT_EQ(value_text(boost::any(0.1), ""), "0.1");
  EXPECT_EQ(value_text(boost::any(0.1F), ""), "0.1");
  EXPECT_EQ(value_text(boost::any(1e-300), ""), "1e-300");
  EXPECT_EQ(value_text(boost::any(std::int64_t{-3}), ""), "-3");
  EXPECT_EQ(value_text(boost::any(true), ""), "true");
  EXPECT_EQ(value_text(boost::any(std::vector<std::string>{"a", "b"}), ""), "a,b");
  EXPECT_EQ(value_text(boost::any(std::vector<double>{0.5, 2}), ""), "0.5,2");
}

TEST(OptionText, UnknownTypesKeepWhatWasGiven) {
  struct Colour {};
  EXPECT_EQ(value_text(boost::any(Colour{}), "blue"), "blue");
}

TEST(OptionText, DefaultsAreShownShortOrInTheAuthorsWords) {
  po::options_description options;
  // clang-format off
  options.add_options()
    ("rate", po::value<double>()->value_name("X")->default_value(0.003), "")
    ("threads", po::value<int>()->value_name("N")->default_value(0, "as many as fit"), "")
    ("list", po::value<std::vector<std::string>>()->value_name("A,B")->default_value({"x", "y"}, "x,y"), "")
    ("name", po::value<std::string>()->value_name("NAME"), "")
    ("flag", po::bool_switch(), "");
  // clang-format on
  EXPECT_EQ(default_text(options.find("rate", false)), "0.003");
  EXPECT_EQ(default_text(options.find("threads", false)), "as many as fit");
  EXPECT_EQ(default_text(options.find("list", false)), "x,y");
  EXPECT_EQ(default_text(options.find("name", false)), "");
  EXPECT_EQ(value_name(options.find("rate", false)), "X");
  EXPECT_EQ(value_name(options.find("name", false)), "NAME");
  EXPECT_EQ(value_name(options.find("flag", false)), "");
}

TEST(OptionText, KnowsPathsFromOtherValues) {
  po::options_description options;
  // clang-format off
  options.add_options()
    ("file", po::value<std::string>()->value_name("FILE"), "")
    ("resume", po::value<std::string>()->value_name("auto|FILE"), "")
    ("key", po::value<std::string>()->value_name("FILE|env:NAME"), "")
    ("name", po::value<std::string>()->value_name("NAME"), "");
  // clang-format on
  const auto option = [&](const char* name) { return options.find(name, false); };
  EXPECT_TRUE(takes_as_path(option("file"), "env:KEY"));
  EXPECT_FALSE(takes_as_path(option("resume"), "auto"));
  EXPECT_TRUE(takes_as_path(option("resume"), "automatic"));
  EXPECT_FALSE(takes_as_path(option("key"), "env:KEY"));
  EXPECT_TRUE(takes_as_path(option("key"), "environment"));
  EXPECT_FALSE(takes_as_path(option("name"), "file"));
  EXPECT_TRUE(says_only_where(option("file")));
  EXPECT_TRUE(says_only_where(option("key")));
  EXPECT_FALSE(says_only_where(option("resume")));
  EXPECT_FALSE(says_only_where(option("name")));
}

TEST(OptionText, WrapsAtBlanksAndKeepsLineBreaks) {
  EXPECT_EQ(wrapped("aa bb cc", 0, 5), "aa bb\ncc");
  EXPECT_EQ(wrapped("aa bb cc", 2, 7), "aa bb\n  cc");
  EXPECT_EQ(wrapped("a\nb", 2, 20), "a\n  b");
  EXPECT_EQ(wrapped("unbreakable", 0, 4), "unbreakable");
  EXPECT_EQ(wrapped("", 0, 4), "");
}

}  // namespace
}  // namespace rankwise
