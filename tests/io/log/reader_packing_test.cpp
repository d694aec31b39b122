#include "tests/io/log/reader_case.hpp"

namespace rankwise {
namespace {

TEST_F(LogReaderTest, BlocksOfGzipAreSharedByRanks) {
  std::string content = "user_id,item_id,title\n";
  for (int i = 0; i < 3'000; ++i) content += fmt::format("{},{},\"a\nb{}\"\n", i * 7919 % 1009, i * 31 % 97, i);
  const Rows expected = rows_of({write("log.csv", content)}, options());
  ASSERT_EQ(expected.size(), 3'000U);
  for (const std::size_t block_bytes : {100U, 4'000U, 60'000U}) {
    const std::string path = write("log.csv", block_gzipped(content, block_bytes));
    const LogPlan plan = plan_log(comm_, {path}, options());
    EXPECT_EQ(plan.layouts.front().file.text_bytes, std::ssize(content));
    const InteractionLog log = read_log(comm_, plan, 2);
    EXPECT_GT(log.size(), 0);
    EXPECT_TRUE(gathered(log) == expected) << block_bytes;
  }
}

TEST_F(LogReaderTest, DamagedBlocksGiveOneMessageOnAnyRanks) {
  std::string content = "user_id,item_id\n";
  for (int i = 0; i < 40'000; ++i) content += fmt::format("{},{}\n", 100 + i % 900, 10 + i % 90);
  constexpr std::size_t block_bytes = 20'000;
  const std::string packed = block_gzipped(content, block_bytes);
  std::size_t text_end = 0;  // of the blocks so far
  int damaged_blocks = 0;
  const auto expect_failure = [&](const std::string& damaged, std::size_t text_begin, std::string_view reason) {
    const auto lines = std::count(content.begin(), content.begin() + static_cast<std::ptrdiff_t>(text_begin), '\n');
    EXPECT_EQ(failure({write("log.csv", damaged)}, options()),
              fmt::format("65: log.csv:{}: gzip stream is corrupt ({})", lines + 1, reason));
  };
  for (std::size_t end = 0; text_end < content.size();) {
    const auto byte = [&](std::size_t place) {
      return static_cast<std::size_t>(static_cast<unsigned char>(packed[place]));
    };
    end += byte(end + 16) + 256 * byte(end + 17) + 1;
    const std::size_t text_begin = text_end;
    text_end = std::min(text_end + block_bytes, content.size());
    if (text_end < content.size() / 2) continue;  // the beginning is looked at before
    // No text of a block is taken before its end is seen.
    std::string damaged = packed;
    damaged[end - 8] = static_cast<char>(damaged[end - 8] ^ 1);
    expect_failure(damaged, text_begin, "incorrect data check");
    // It says that it holds less, by a line, or more: where the parts of later ranks begin is wrong then.
    for (const int more : {-7, 7}) {
      std::string other_size = packed;
      const std::size_t stored = byte(end - 4) + 256 * byte(end - 3) + static_cast<std::size_t>(more);
      other_size[end - 4] = static_cast<char>(stored & 0xFF);
      other_size[end - 3] = static_cast<char>(stored >> 8);
      expect_failure(other_size, text_begin, "incorrect length check");
    }
    ++damaged_blocks;
  }
  EXPECT_EQ(damaged_blocks, 8);
}

TEST_F(LogReaderTest, WhatIsNotWhollyInBlocksIsReadByOneRank) {
  const std::string content = "user,item\n1,2\n3,4\n";
  const Rows expected = rows_of({write("log.csv", content)}, options());
  const std::string joined = block_gzipped(content.substr(0, 13), 8) + gzipped(content.substr(13));
  const std::string path = write("log.csv", joined);
  EXPECT_FALSE(plan_log(comm_, {path}, options()).layouts.front().file.can_be_shared());
  EXPECT_EQ(rows_of({path}, options()), expected);
  const std::string whole = block_gzipped(content, 8);
  EXPECT_EQ(failure({write("log.csv", whole.substr(0, whole.size() - 3))}, options()),
            "65: log.csv: gzip stream ends early");
}

TEST(LoneRanksTest, LargestFirstToTheRankWithTheLeast) {
  std::vector<TextLayout> layouts(6);
  const std::array<Index, 6> bytes{10, 70, 20, 1000, 40, 20};
  std::vector<const TextLayout*> pointers;
  for (std::size_t f = 0; f < layouts.size(); ++f) {
    layouts[f].file.version.bytes = bytes[f];
    pointers.push_back(&layouts[f]);
  }
  layouts[3].file.text_bytes = 1000;  // shared by all
  EXPECT_EQ(lone_parts(pointers, 2), (std::vector<int>{0, 0, 1, 0, 1, 1}));
  EXPECT_EQ(lone_parts(pointers, 1), std::vector<int>(6, 0));
  EXPECT_EQ(lone_parts(pointers, 9), (std::vector<int>{4, 0, 2, 0, 1, 3}));
}

TEST_F(LogReaderTest, Utf16AndZstd) {
  const std::string content = "user,item\nann,gr\xC3\xBCn \xF0\x9F\x8D\xB5\nbob,\xE6\xBC\xA2\n";
  const Rows expected{{"log:2", "ann", "gr\xC3\xBCn \xF0\x9F\x8D\xB5", 1, 0}, {"log:3", "bob", "\xE6\xBC\xA2", 1, 0}};
  for (const bool big : {false, true}) {
    const std::string bytes = utf16(content, big);
    EXPECT_EQ(rows_of({write("log", bytes)}, options()), expected);
    EXPECT_EQ(rows_of({write("log", gzipped(bytes))}, options()), expected);
    EXPECT_EQ(failure_of(bytes.substr(0, bytes.size() - 1), options()),
              "65: log: is not UTF-16: it ends within a sign");
    EXPECT_EQ(
        failure_of(bytes.substr(2), options()),
        fmt::format("65: log: looks like UTF-16 without a byte order mark: convert it first (iconv -f UTF-16{} -t "
                    "UTF-8 FILE)",
                    big ? "BE" : "LE"));
  }
  EXPECT_EQ(failure_of(std::string("\xFF\xFEu\0\x00\xDC", 6), options()),
            "65: log: is not UTF-16: it holds a lone surrogate");
  EXPECT_EQ(rows_of({write("log", zstd_packed(content))}, options()), expected);
  EXPECT_EQ(rows_of({write("log", zstd_packed(content.substr(0, 20)) + zstd_packed(content.substr(20)))}, options()),
            expected);
  const std::string packed = zstd_packed(content);
  for (const std::size_t size : {packed.size() - 1, packed.size() / 2}) {
    EXPECT_EQ(failure_of(packed.substr(0, size), options()), "65: log: zstd stream ends early") << size;
  }
}

TEST_F(LogReaderTest, FilesThatAreNoTextAreNamed) {
  EXPECT_EQ(
      failure_of(std::string("\xFD"
                             "7zXZ\0\0\4",
                             8),
                 options()),
      "65: log: is an xz file, which is not read here: unpack it first (xz -dk FILE), or pack it with zstd or gzip");
  EXPECT_EQ(
      failure_of("PK\x03\x04 and more", options()),
      "65: log: is a zip file (or an Excel workbook), which is not read here: unpack it first (unzip FILE), or save "
      "the workbook as CSV");
  EXPECT_EQ(failure_of(std::string("user,item\n1,\0\n", 14), options()),
            "65: log: is no text file: it holds zero bytes");
  EXPECT_EQ(failure_of("\x1B[31m,\xFF\xFE\n1,2\n", options()),
            "2: log: which column is the user? Say --columns user=NAME,item=NAME,...; its columns are \\x1b[31m, "
            "\\xff\\xfe");
}

}  // namespace
}  // namespace rankwise
