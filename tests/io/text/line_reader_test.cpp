#include "io/text/line_reader.hpp"

#include <gtest/gtest.h>

#include "kernels/base/error.hpp"
#include "tests/io/log_files.hpp"

namespace rankwise {
namespace {

using Lines = std::vector<std::string>;

class LineReaderTest : public testing::Test {
 protected:
  static Lines drain(LineReader reader) {
    Lines lines;
    while (const auto line = reader.next()) lines.emplace_back(*line);
    EXPECT_EQ(reader.lines(), std::ssize(lines));
    return lines;
  }
  static Lines all_lines(const std::string& path) { return drain(LineReader(path, probe_file(path))); }
  static std::string failure_of(const std::string& path) {
    try {
      (void)all_lines(path);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::bad_data);
      return error.what();
    }
    return "no failure";
  }

  Communicator comm_ = Communicator::world();
  SharedFolder folder_{comm_};
};

/// Contents with every kind of line end, and what they hold.
const std::vector<std::pair<std::string, Lines>> contents{
    {"", {}},
    {"\n", {""}},
    {"a", {"a"}},
    {"a\nbb\n\nccc\n", {"a", "bb", "", "ccc"}},
    {"a\r\nbb\r\n\r\nccc", {"a", "bb", "", "ccc"}},
    {"\n\n\nx", {"", "", "", "x"}},
    {"\xEF\xBB\xBFuser,item\n1,2\n", {"user,item", "1,2"}},
    {"\xEF\xBB\xBF", {""}},
    {"1::2::3\n44::55::66\n7::8::9", {"1::2::3", "44::55::66", "7::8::9"}},
    {"a\rbb\r\rccc", {"a", "bb", "", "ccc"}},
    {"a\rbb\r", {"a", "bb"}},
};

TEST_F(LineReaderTest, EverySplitIntoThreeRangesGivesEachLineOnce) {
  for (const auto& [content, expected] : contents) {
    const std::string path = write_log(comm_, folder_, "lines", content);
    const auto size = static_cast<Index>(content.size());
    const FileKind kind = probe_file(path);
    for (Index first = 0; first <= size; ++first) {
      for (Index second = first; second <= size; ++second) {
        Lines lines = drain(LineReader(path, kind, 0, first));
        for (const std::string& line : drain(LineReader(path, kind, first, second))) lines.push_back(line);
        for (const std::string& line : drain(LineReader(path, kind, second, size))) lines.push_back(line);
        ASSERT_EQ(lines, expected) << "cut at " << first << " and " << second << " of " << content;
      }
    }
  }
}

TEST_F(LineReaderTest, GzipGivesTheSameLinesWhateverItsName) {
  for (const auto& [content, expected] : contents) {
    EXPECT_EQ(all_lines(write_log(comm_, folder_, "plain.gz", content)), expected);
    EXPECT_EQ(all_lines(write_log(comm_, folder_, "packed.csv", gzipped(content))), expected);
  }
}

TEST_F(LineReaderTest, LinesLongerThanABlockAndManyBlocks) {
  Lines expected;
  std::string content;
  for (int i = 0; i < 300; ++i) {
    expected.push_back(
        std::string(static_cast<std::size_t>(i % 7 == 0 ? 150'000 : i * 41 % 3000), 'a' + static_cast<char>(i % 26)));
    content += expected.back() + "\n";
  }
  expected.push_back(std::string(std::size_t{9} << 20, 'z'));
  content += expected.back();
  const std::string path = write_log(comm_, folder_, "long", content);
  EXPECT_EQ(all_lines(path), expected);
  EXPECT_EQ(all_lines(write_log(comm_, folder_, "long.gz", gzipped(content))), expected);
  const auto size = static_cast<Index>(content.size());
  const FileKind kind = probe_file(path);
  for (const Index cut : {Index{149'999}, Index{150'001}, size / 2, size - 5}) {
    Lines lines = drain(LineReader(path, kind, 0, cut));
    for (const std::string& line : drain(LineReader(path, kind, cut, size))) lines.push_back(line);
    EXPECT_TRUE(lines == expected) << cut;
  }
}

TEST_F(LineReaderTest, GrowsPastQuotesOverBlocks) {
  std::string quoted = "\"";
  for (int i = 0; i < 20'000; ++i) quoted += i % 7 == 0 ? "a \"\"b\"\" c\n" : "a,b,c\n";
  quoted += '"';
  const std::string content = "x\ny," + quoted + ",z\nlast";
  const std::string path = write_log(comm_, folder_, "quotes", content);
  LineReader reader(path, probe_file(path));
  EXPECT_EQ(reader.next(), "x");
  EXPECT_EQ(reader.next(), "y,\"a \"\"b\"\" c");
  EXPECT_EQ(reader.grow_past_quote(2), "y," + quoted + ",z");
  EXPECT_EQ(reader.lines(), 20'002);
  EXPECT_EQ(reader.offset(), std::ssize(content) - 4);
  EXPECT_EQ(reader.next(), "last");
  EXPECT_EQ(reader.grow_past_quote(0), std::nullopt);
}

TEST_F(LineReaderTest, RefusesEndlessLines) {
  const std::string path = write_log(comm_, folder_, "endless", std::string(std::size_t{25} << 20, 'x'));
  EXPECT_EQ(failure_of(path), "a line is longer than 16 MiB");
}

TEST_F(LineReaderTest, SeveralGzipMembersAndZeroPadding) {
  const std::string two = gzipped("a\nb") + gzipped("c\nd\n");
  EXPECT_EQ(all_lines(write_log(comm_, folder_, "two", two)), (Lines{"a", "bc", "d"}));
  EXPECT_EQ(all_lines(write_log(comm_, folder_, "padded", two + std::string(3000, '\0'))), (Lines{"a", "bc", "d"}));
  EXPECT_EQ(all_lines(write_log(comm_, folder_, "empty_member", gzipped("") + gzipped("x"))), (Lines{"x"}));
}

TEST_F(LineReaderTest, EveryCutOfAGzipFileIsNoticed) {
  std::string content;
  for (int i = 0; i < 40; ++i) content += std::to_string(i * 7919) + "," + std::to_string(i) + "\n";
  const std::string packed = gzipped(content);
  for (std::size_t size = 2; size < packed.size(); ++size) {
    EXPECT_EQ(failure_of(write_log(comm_, folder_, "cut", packed.substr(0, size))), "gzip stream ends early") << size;
  }
}

TEST_F(LineReaderTest, DamagedGzipIsNoticed) {
  std::string content;
  for (int i = 0; i < 1000; ++i) content += std::to_string(i * 7919 % 1000) + "\n";
  const std::string packed = gzipped(content);
  for (const std::size_t place : {packed.size() / 3, packed.size() / 2, packed.size() - 6, packed.size() - 2}) {
    std::string damaged = packed;
    damaged[place] = static_cast<char>(damaged[place] ^ 0x10);
    const std::string failure = failure_of(write_log(comm_, folder_, "damaged", damaged));
    EXPECT_TRUE(failure.starts_with("gzip stream")) << place << ": " << failure;
  }
  EXPECT_TRUE(
      failure_of(write_log(comm_, folder_, "garbage", packed + "garbage")).starts_with("gzip stream is corrupt"));
}

TEST_F(LineReaderTest, RefusesWhatIsNoRegularFile) {
  for (const std::string& path : {folder_.file("missing"), folder_.file(""), std::string("/dev/null")}) {
    try {
      (void)probe_file(path);
      ADD_FAILURE() << path;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::no_input);
    }
  }
}

}  // namespace
}  // namespace rankwise
