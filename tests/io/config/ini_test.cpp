#include "io/config/ini.hpp"

#include <gtest/gtest.h>

#include "kernels/base/error.hpp"

namespace rankwise {
namespace {

template <class Parse>
std::string message_of(std::string_view text, Parse parse) {
  try {
    (void)parse(text, "run.ini");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    return error.what();
  }
  return "no error";
}

std::string message_of(std::string_view text) {
  return message_of(text, parse_ini);
}

TEST(Ini, ReadsEntriesWithTheirLines) {
  const auto entries = parse_ini("# a run\nfactors = 64\n\n  epochs=10  \r\nsplit = random:0.1 # tenth\n", "run.ini");
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(entries[0].name, "factors");
  EXPECT_EQ(entries[0].value, "64");
  EXPECT_EQ(entries[0].line, 2);
  EXPECT_EQ(entries[1].name, "epochs");
  EXPECT_EQ(entries[1].value, "10");
  EXPECT_EQ(entries[1].line, 4);
  EXPECT_EQ(entries[2].value, "random:0.1");
  EXPECT_EQ(entries[2].line, 5);
}

TEST(Ini, KeepsEqualSignsQuotesAndInnerCommentSigns) {
  const auto entries =
      parse_ini("columns = user=a,item=b\ninput = \"a # b;c.csv\"\nmodel = x#1;2.h5\ndata = \"\n", "run.ini");
  ASSERT_EQ(entries.size(), 4U);
  EXPECT_EQ(entries[0].value, "user=a,item=b");
  EXPECT_EQ(entries[1].value, "a # b;c.csv");
  EXPECT_EQ(entries[2].value, "x#1;2.h5");
  EXPECT_EQ(entries[3].value, "\"");
}

TEST(Ini, AcceptsAnEmptyFileAByteOrderMarkAndAMissingLastNewline) {
  EXPECT_TRUE(parse_ini("", "run.ini").empty());
  EXPECT_TRUE(parse_ini("\n\n; only a comment", "run.ini").empty());
  const auto entries = parse_ini(
      "\xEF\xBB\xBF"
      "seed = 7",
      "run.ini");
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].name, "seed");
  EXPECT_EQ(entries[0].value, "7");
}

TEST(Ini, RefusesWhatIsNoEntryWithFileAndLine) {
  EXPECT_EQ(message_of("seed = 1\nfactors 64\n"), "run.ini:2: expected name = value");
  EXPECT_EQ(message_of("\n\n[als]\n"), "run.ini:3: sections are not used here; expected name = value");
  EXPECT_EQ(message_of(" = 3"), "run.ini:1: expected a name before '='");
  EXPECT_EQ(message_of("seed = 1"), "no error");
}

TEST(Ini, ReadsSections) {
  const auto sections = parse_ini_sections("# all\n[als]  # trains\nfactors = 8\n\n[ kmeans users ]\n", "run.ini");
  ASSERT_EQ(sections.size(), 2U);
  EXPECT_EQ(sections[0].name, "als");
  EXPECT_EQ(sections[0].line, 2);
  ASSERT_EQ(sections[0].entries.size(), 1U);
  EXPECT_EQ(sections[0].entries[0].line, 3);
  EXPECT_EQ(sections[1].name, "kmeans users");
  EXPECT_TRUE(sections[1].entries.empty());
}

TEST(Ini, RefusesWhatIsNoSectionWithFileAndLine) {
  EXPECT_EQ(message_of("\nfactors = 8\n[als]", parse_ini_sections),
            "run.ini:2: expected a section, as in [als], before the first option");
  EXPECT_EQ(message_of("[als]\n[als]", parse_ini_sections), "run.ini:2: section [als] is there already, in line 1");
  EXPECT_EQ(message_of("[als", parse_ini_sections), "run.ini:1: expected a section, as in [als]");
  EXPECT_EQ(message_of("[]", parse_ini_sections), "run.ini:1: expected a section, as in [als]");
  EXPECT_EQ(message_of("[", parse_ini_sections), "run.ini:1: expected a section, as in [als]");
}

TEST(Ini, WritesLinesThatReadBack) {
  for (const char* value : {"8", "a # b;c.csv", "x#1", " both ends\t", "log 1e-4 .. 1 x 3", "--comment=\"run # 1\"",
                            "a\" #b", "\"x\" # y", "\"", "\"\"", "a # \"b"}) {
    const auto entries = parse_ini(ini_line("name", value), "run.ini");
    ASSERT_EQ(entries.size(), 1U) << value;
    EXPECT_EQ(entries[0].value, value);
  }
  EXPECT_EQ(message_of("", [](std::string_view, std::string_view) { return ini_line("name", "a # b\" # c"); }),
            "name: 'a # b\" # c' has quotes and comment signs that no line can hold");
  EXPECT_EQ(message_of("", [](std::string_view, std::string_view) { return ini_line("directory", "new\nline/q"); }),
            "directory: 'new\nline/q' has a line break, which no line of settings can hold");
}

}  // namespace
}  // namespace rankwise
