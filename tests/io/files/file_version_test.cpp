// Files that change while they are open.
#include "io/files/file_version.hpp"

#include <array>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "io/files/input_file.hpp"
#include "io/text/line_reader.hpp"
#include "tests/io/log_files.hpp"

namespace rankwise {
namespace {

class FileVersionTest : public testing::Test {
 protected:
  static std::string lines(int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += std::to_string(i) + ",x\n";
    return text;
  }
  /// As a program that wrote some time later.
  static void date(const std::string& path, std::int64_t seconds) {
    const std::array<timespec, 2> times{timespec{seconds, 0}, timespec{seconds, 0}};
    ASSERT_EQ(utimensat(AT_FDCWD, path.c_str(), times.data(), 0), 0);
  }
  /// A file of this rank's own.
  [[nodiscard]] std::string write_own(const std::string& content) const {
    const std::string path = folder_.file("log" + std::to_string(comm_.rank()));
    std::ofstream(path, std::ios::binary).write(content.data(), std::ssize(content));
    return path;
  }
  static std::string rest_of(LineReader& reader) {
    return error_of([&] {
      while (reader.next()) {
      }
    });
  }

  Communicator comm_ = Communicator::world();
  SharedFolder folder_{comm_};
};

TEST_F(FileVersionTest, NodesMayNumberAndCopyFilesInTheirOwnWay) {
  const FileVersion file{.bytes = 100, .modified_ns = 5, .device = 8, .inode = 77, .node = 1};
  const auto with = [&](auto&& change) {
    FileVersion other = file;
    change(other);
    return other;
  };
  EXPECT_TRUE(is_same(file, file));
  EXPECT_FALSE(is_same(file, with([](FileVersion& f) { f.bytes = 99; })));
  EXPECT_FALSE(is_same(file, with([](FileVersion& f) { f.modified_ns = 6; })));
  EXPECT_FALSE(is_same(file, with([](FileVersion& f) { f.inode = 78; })));
  EXPECT_FALSE(is_same(file, with([](FileVersion& f) { f.device = 9; })));
  // On another node: the same file through another mount, a file that was written to, a copy, a shorter copy.
  EXPECT_TRUE(is_same(file, with([](FileVersion& f) { f.node = 2, f.device = 9; })));
  EXPECT_FALSE(is_same(file, with([](FileVersion& f) { f.node = 2, f.modified_ns = 6; })));
  EXPECT_TRUE(is_same(file, with([](FileVersion& f) { f.node = 2, f.inode = 78, f.modified_ns = 6; })));
  EXPECT_FALSE(is_same(file, with([](FileVersion& f) { f.node = 2, f.inode = 78, f.bytes = 99; })));
}

TEST_F(FileVersionTest, AReaderNoticesEveryChangeAtItsEnd) {
  const std::string text = lines(30'000);
  const auto size = static_cast<Index>(text.size());
  for (const std::string& content : {text, gzipped(text), zstd_packed(text), utf16(text, true)}) {
    const std::string path = write_own(content);
    const auto notices = [&](std::string_view figures, auto&& change) {
      ASSERT_EQ(write_own(content), path);
      date(path, 1'000'000'000);
      const FileKind kind = probe_file(path);
      LineReader whole(path, kind);
      ASSERT_TRUE(whole.next());
      change();
      const std::string told = "74: changed while it was read: " + std::to_string(content.size()) + " bytes ";
      EXPECT_TRUE(rest_of(whole).starts_with(told + std::string(figures))) << rest_of(whole);
      EXPECT_TRUE(error_of([&] { LineReader(path, kind).next(); }).starts_with(told));
    };
    notices("before, " + std::to_string(content.size() - 1) + " bytes after",
            [&] { std::filesystem::resize_file(path, content.size() - 1); });
    notices("before, " + std::to_string(content.size() / 2) + " bytes after",
            [&] { std::filesystem::resize_file(path, content.size() / 2); });
    notices("before, " + std::to_string(content.size() + 1) + " bytes after",
            [&] { std::ofstream(path, std::ios::binary | std::ios::app) << '\n'; });
    notices(
        "before and after, but modified 2001-09-09T01:46:40.000000000Z before, 2001-09-09T01:46:41.000000000Z after",
        [&] { date(path, 1'000'000'001); });
  }
  // A part of a file, whose rest is not looked at.
  const std::string path = write_own(text);
  const FileKind kind = probe_file(path);
  LineReader part(path, kind, 0, size / 3);
  ASSERT_TRUE(part.next());
  std::filesystem::resize_file(path, static_cast<std::uintmax_t>(size) - 1);
  EXPECT_TRUE(rest_of(part).starts_with("74: changed while it was read: ")) << rest_of(part);
}

TEST_F(FileVersionTest, AnOpenFileMayBeReplaced) {
  const std::string text = lines(30'000);
  const std::string path = write_own(text);
  const FileKind kind = probe_file(path);
  LineReader reader(path, kind);
  ASSERT_TRUE(reader.next());
  std::ofstream(path + ".new", std::ios::binary) << text;
  std::filesystem::rename(path + ".new", path);
  EXPECT_EQ(rest_of(reader), "");
  EXPECT_EQ(reader.lines(), 30'000);
  EXPECT_TRUE(error_of([&] { LineReader(path, kind).next(); }).starts_with("74: changed while it was read: "));
}

TEST_F(FileVersionTest, RanksAgreeOnOneFile) {
  const std::string mine = write_log(comm_, folder_, "one", lines(10));
  EXPECT_EQ(error_of([&] { agree_on_version(comm_, mine, InputFile(mine).version()); }), "");
  if (comm_.size() == 1) return;
  const std::string other = write_log(comm_, folder_, "other", lines(11));
  const bool is_last = comm_.rank() == comm_.size() - 1;
  EXPECT_EQ(error_of([&] { agree_on_version(comm_, mine, InputFile(is_last ? other : mine).version()); }),
            "74: " + mine + ": ranks have opened different files: 40 bytes on rank 0, 45 bytes on rank " +
                std::to_string(comm_.size() - 1));
}

}  // namespace
}  // namespace rankwise
