// Output files appear whole or not at all, on any number of ranks.

#include "io/files/commit.hpp"

#include <algorithm>
#include <climits>
#include <dlfcn.h>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "io/files/unfinished_file.hpp"
#include "tests/io/shared_folder.hpp"

namespace {

bool unfinished_files_are_on_nfs = false;

}  // namespace

/// Stands before the C library's.
extern "C" int statfs(const char* path, struct statfs* system) noexcept {
  static const auto real = reinterpret_cast<int (*)(const char*, struct statfs*)>(dlsym(RTLD_NEXT, "statfs"));
  const int status = real(path, system);
  if (unfinished_files_are_on_nfs && std::string_view(path).ends_with(".partial")) system->f_type = NFS_SUPER_MAGIC;
  return status;
}

namespace rankwise {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

class CommitTest : public testing::Test {
 protected:
  /// Writes `text` on the root; all ranks wait for it.
  void put(const std::string& path, const std::string& text) const {
    if (comm_.is_root()) std::ofstream(path) << text;
    comm_.barrier();
  }
  /// Names in the folder once every rank is here; none changes it before all have looked.
  [[nodiscard]] Names names() const {
    comm_.barrier();
    Names found = folder_.names();
    comm_.barrier();
    return found;
  }

  Communicator comm_ = Communicator::world();
  SharedFolder folder_{comm_};
};

TEST_F(CommitTest, TextStandsInRankOrder) {
  std::string mine;
  std::string expected;
  for (int rank = 0; rank < comm_.size(); ++rank) {
    // Lengths differ; every third rank has nothing.
    const std::string text =
        rank % 3 == 1 ? "" : std::string(static_cast<std::size_t>(rank) + 1, static_cast<char>('a' + rank)) + "\n";
    expected += text;
    if (rank == comm_.rank()) mine = text;
  }
  write_text_in_rank_order(comm_, folder_.file("lines.csv"), mine);
  EXPECT_EQ(file_content(folder_.file("lines.csv")), expected);
  EXPECT_EQ(names(), Names{"lines.csv"});
}

TEST_F(CommitTest, TextGrowsRoundByRound) {
  const int rounds = 5;
  std::string expected;
  OrderedTextFile file(comm_, folder_.file("rounds.csv"));
  for (int round = 0; round < rounds; ++round) {
    for (int rank = 0; rank < comm_.size(); ++rank) {
      const std::string text =
          rank == round % comm_.size() ? "" : std::to_string(round) + "," + std::to_string(rank) + "\n";
      expected += text;
      if (rank == comm_.rank()) file.append(text);
    }
  }
  EXPECT_FALSE(fs::exists(folder_.file("rounds.csv"))) << "the file shows before it is whole";
  file.commit();
  EXPECT_EQ(file_content(folder_.file("rounds.csv")), expected);
}

TEST_F(CommitTest, AnEmptyTextIsAFile) {
  write_text_in_rank_order(comm_, folder_.file("empty.csv"), "");
  EXPECT_TRUE(fs::exists(folder_.file("empty.csv")));
  EXPECT_EQ(file_content(folder_.file("empty.csv")), "");
}

TEST_F(CommitTest, AnAbandonedFileLeavesTheOldOneAlone) {
  put(folder_.file("model"), "old");
  {
    OrderedTextFile file(comm_, folder_.file("model"));
    file.append("new");
    EXPECT_EQ(names().size(), 2U);
  }
  EXPECT_EQ(names(), Names{"model"});
  EXPECT_EQ(file_content(folder_.file("model")), "old");
}

TEST_F(CommitTest, AnErrorOnOneRankLeavesNothing) {
  const std::string error = error_of([&] {
    OrderedTextFile file(comm_, folder_.file("model"));
    file.append("half");
    agree_on(comm_, [&] {
      if (comm_.rank() == comm_.size() - 1) throw Error(ExitCode::bad_data, "row 7");
    });
    file.commit();
  });
  EXPECT_EQ(error, "65: row 7");
  EXPECT_EQ(names(), Names{});
}

TEST_F(CommitTest, CommitReplacesTheOldFile) {
  put(folder_.file("model"), "something old and longer");
  write_text_in_rank_order(comm_, folder_.file("model"), comm_.is_root() ? "new" : "");
  EXPECT_EQ(file_content(folder_.file("model")), "new");
  EXPECT_EQ(names(), Names{"model"});
}

TEST_F(CommitTest, ReservedSpaceDoesNotShow) {
  const std::string path = folder_.file("reserved");
  OutputFile file(comm_, path);
  file.reserve(Index{8} << 20);
  put(file.temporary_path(), "content");
  file.commit();
  struct stat status {};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_size, 7);
  EXPECT_LT(status.st_blocks * 512, 1 << 20) << "the reserved blocks were not given back";
  EXPECT_EQ(status.st_mode & 0400, 0400U);
}

TEST_F(CommitTest, ALinkIsFollowed) {
  put(folder_.file("real"), "old");
  if (comm_.is_root()) fs::create_symlink(folder_.file("real"), folder_.file("link"));
  comm_.barrier();
  write_text_in_rank_order(comm_, folder_.file("link"), comm_.is_root() ? "new" : "");
  EXPECT_TRUE(fs::is_symlink(folder_.file("link")));
  EXPECT_EQ(file_content(folder_.file("real")), "new");
}

TEST_F(CommitTest, ALinkToWhatDoesNotExistYetIsWrittenThrough) {
  if (comm_.is_root()) {
    fs::create_symlink("middle", folder_.file("link"));
    fs::create_symlink(folder_.file("fresh"), folder_.file("middle"));
    fs::create_symlink("circle", folder_.file("circle"));
  }
  comm_.barrier();
  write_text_in_rank_order(comm_, folder_.file("link"), comm_.is_root() ? "new" : "");
  EXPECT_TRUE(fs::is_symlink(folder_.file("link")));
  EXPECT_TRUE(fs::is_symlink(folder_.file("middle")));
  EXPECT_FALSE(fs::is_symlink(folder_.file("fresh")));
  EXPECT_EQ(file_content(folder_.file("fresh")), "new");
  const std::string circle = folder_.file("circle");
  EXPECT_EQ(error_of([&] { check_output(comm_, circle); }),
            "73: " + circle + ": cannot create: Too many levels of symbolic links");
}

TEST_F(CommitTest, WhatCannotBeCreatedIsSaidBeforeAnyWork) {
  if (comm_.is_root()) {
    fs::create_directory(folder_.file("folder"));
    mkfifo(folder_.file("pipe").c_str(), 0600);
  }
  put(folder_.file("file"), "");
  const auto error = [&](const std::string& path) { return error_of([&] { check_output(comm_, path); }); };
  const std::string folder = folder_.file("folder");
  EXPECT_EQ(error(folder), "73: " + folder + ": cannot create: it is a directory");
  EXPECT_EQ(error(folder + "/"), "73: " + folder + "/: cannot create: it is a directory");
  EXPECT_EQ(error(folder_.file("no/model")), "73: " + folder_.file("no/model") + ": cannot create: the directory " +
                                                 folder_.file("no") + " does not exist");
  EXPECT_EQ(error(folder_.file("file/model")),
            "73: " + folder_.file("file/model") + ": cannot create: Not a directory");
  EXPECT_EQ(error(folder_.file("pipe")), "73: " + folder_.file("pipe") + ": cannot create: it is not a regular file");
  EXPECT_EQ(error("/dev/null"), "73: /dev/null: cannot create: it is not a regular file");
  EXPECT_EQ(error(""), "73: cannot create a file without a name");
  EXPECT_EQ(error(folder_.file("fine")), "");
  EXPECT_EQ(error(folder_.file(std::string(255, 'n'))), "") << "a long name leaves room for the temporary one";
  const std::string long_name = folder_.file(std::string(256, 'n'));
  EXPECT_EQ(error(long_name), "73: " + long_name + ": cannot create: File name too long");
  std::string long_path = folder_.file("");
  while (long_path.size() < PATH_MAX) long_path += "folder/../";
  long_path += "model";
  EXPECT_EQ(error(long_path), "73: " + long_path + ": cannot create: File name too long");
  comm_.barrier();
  Names left = names();
  std::ranges::sort(left);
  EXPECT_EQ(left, (Names{"file", "folder", "pipe"}));
}

TEST_F(CommitTest, WhatDeadWritersLeftIsRemoved) {
  const Names of_others{".mine.partial",
                        ".model.partial",
                        ".model.1-x.partial",
                        ".model.1.partial",
                        ".other.123-0.partial",
                        ".model.h5.1-0.partial",
                        ".model.123-0-unlocked.partial",
                        "model.123-0.partial"};
  for (const std::string& name : of_others) put(folder_.file(name), "not ours");
  for (const char* const name : {".model.123-0.partial", ".model.4000000-17.partial"}) put(folder_.file(name), "half");
  if (comm_.is_root()) fs::create_symlink("model.123-0.partial", folder_.file(".model.5-0.partial"));
  write_text_in_rank_order(comm_, folder_.file("model"), comm_.is_root() ? "new" : "");
  Names expected = of_others;
  expected.insert(expected.end(), {"model", ".model.5-0.partial"});
  Names left = names();
  std::ranges::sort(left);
  std::ranges::sort(expected);
  EXPECT_EQ(left, expected);
}

TEST_F(CommitTest, OnNfsNoWriteTouchesTheRestOfAPage) {
  const OutputFile file(comm_, folder_.file("model"));
  const auto is_synchronous = [&] { return (fcntl(file.open_to_write().get(), F_GETFL) & O_DSYNC) != 0; };
  EXPECT_FALSE(is_synchronous());
  unfinished_files_are_on_nfs = true;
  EXPECT_TRUE(is_synchronous());
  unfinished_files_are_on_nfs = false;
  comm_.barrier();  // it is removed by the root
}

TEST_F(CommitTest, TwoWritersOfOneNameBothSurvive) {
  OrderedTextFile first(comm_, folder_.file("model"));
  first.append(comm_.is_root() ? "first" : "");
  {
    OrderedTextFile abandoned(comm_, folder_.file("model"));
    OrderedTextFile second(comm_, folder_.file("model"));
    EXPECT_EQ(names().size(), 3U);
    second.append(comm_.is_root() ? "second" : "");
    second.commit();
    EXPECT_EQ(file_content(folder_.file("model")), "second");
    EXPECT_EQ(names().size(), 3U);
  }
  EXPECT_EQ(names().size(), 2U);
  first.commit();
  EXPECT_EQ(file_content(folder_.file("model")), "first");
  EXPECT_EQ(names(), Names{"model"});
}

TEST_F(CommitTest, UnfinishedFilesTellOfTheirWriters) {
  put(folder_.file(".dead.7-0.partial"), "half");
  put(folder_.file(".unknown.7-0-unlocked.partial"), "");
  put(folder_.file(".mine.partial"), "");
  const OutputFile alive(comm_, folder_.file("alive"));
  const std::vector<FoundUnfinished> found = unfinished_files(folder_.file(""));
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].path, alive.temporary_path());
  const auto expect = [&](std::size_t place, const char* target, Index bytes, WriterState writer) {
    EXPECT_EQ(found[place].target, target);
    EXPECT_EQ(found[place].bytes, bytes);
    EXPECT_EQ(found[place].writer, writer) << target;
    EXPECT_LT(found[place].seconds_since_write, 3600);
  };
  expect(0, "alive", 0, WriterState::alive);
  expect(1, "dead", 4, WriterState::dead);
  expect(2, "unknown", 0, WriterState::unknown);
  comm_.barrier();
}

TEST_F(CommitTest, AFullDiskIsNoticedAndLeavesNothing) {
  const std::string disk = folder_.file("disk");
  std::int64_t mounted = 0;
  if (comm_.is_root()) {
    fs::create_directory(disk);
    mounted = mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=256k") == 0 ? 1 : 0;
  }
  if (comm_.max(mounted) == 0) GTEST_SKIP() << "a small tmpfs can only be mounted as root";
  const std::string path = disk + "/model";
  const auto left = [&] {
    comm_.barrier();
    const auto count = std::distance(fs::directory_iterator(disk), fs::directory_iterator());
    comm_.barrier();
    return count;
  };

  EXPECT_EQ(error_of([&] {
              OutputFile file(comm_, path);
              file.reserve(Index{1} << 20);
            }),
            "74: " + path + ": no space for its 1048576 bytes on the device");
  EXPECT_EQ(left(), 0);
  const std::string megabyte(1 << 20, 'x');
  EXPECT_EQ(error_of([&] { write_text_in_rank_order(comm_, path, comm_.rank() == comm_.size() - 1 ? megabyte : "a"); }),
            "74: " + path + ": cannot write: No space left on device");
  EXPECT_EQ(left(), 0);
  write_text_in_rank_order(comm_, path, "a");
  EXPECT_EQ(file_content(path), std::string(static_cast<std::size_t>(comm_.size()), 'a'));
  comm_.barrier();
  if (comm_.is_root()) {
    EXPECT_EQ(umount(disk.c_str()), 0);
  }
}

}  // namespace
}  // namespace rankwise
