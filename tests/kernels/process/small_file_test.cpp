// What replace_file() and append_line() promise, with a system that interrupts calls and takes less than it is given:
// this program's own write() and fsync() stand before the C library's.
#include "kernels/process/small_file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <dlfcn.h>
#include <fcntl.h>
#include <filesystem>
#include <gtest/gtest.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "kernels/base/error.hpp"
#include "kernels/process/file_descriptor.hpp"
#include "tests/temporary_folder.hpp"

namespace {

/// What the system does to files of the folder under test.
struct Surroundings {
  std::string folder = {};            ///< empty: nothing
  std::size_t bytes_per_write = 0;    ///< 0: all
  int interruptions = 0;              ///< of the next writes and fsyncs
  int fsync_fault = 0;                ///< an errno
  std::vector<std::string> synced{};  ///< names of what was made durable
};

Surroundings surroundings;

std::string path_of(int file) {
  std::array<char, 4096> path{};
  const std::string link = "/proc/self/fd/" + std::to_string(file);
  return readlink(link.c_str(), path.data(), path.size() - 1) > 0 ? path.data() : "";
}

bool is_meant(int file) {
  return !surroundings.folder.empty() && path_of(file).starts_with(surroundings.folder);
}

bool is_interrupted() {
  if (surroundings.interruptions == 0) return false;
  --surroundings.interruptions;
  errno = EINTR;
  return true;
}

}  // namespace

extern "C" ssize_t write(int file, const void* bytes, size_t size) {
  static const auto real = reinterpret_cast<ssize_t (*)(int, const void*, size_t)>(dlsym(RTLD_NEXT, "write"));
  if (!is_meant(file)) return real(file, bytes, size);
  if (is_interrupted()) return -1;
  const std::size_t most = surroundings.bytes_per_write;
  return real(file, bytes, most == 0 ? size : std::min(size, most));
}

extern "C" int fsync(int file) {
  static const auto real = reinterpret_cast<int (*)(int)>(dlsym(RTLD_NEXT, "fsync"));
  if (!is_meant(file)) return real(file);
  if (is_interrupted()) return -1;
  if (surroundings.fsync_fault != 0) {
    errno = surroundings.fsync_fault;
    return -1;
  }
  surroundings.synced.push_back(std::filesystem::path(path_of(file)).filename());
  return real(file);
}

namespace rankwise {
namespace {

class SmallFileTest : public testing::Test {
 protected:
  SmallFileTest() { surroundings = {.folder = std::filesystem::canonical(folder_.path)}; }
  ~SmallFileTest() override { surroundings = {}; }
  SmallFileTest(const SmallFileTest&) = delete;
  SmallFileTest& operator=(const SmallFileTest&) = delete;

  [[nodiscard]] std::string file(const std::string& name) const { return folder_.path + "/" + name; }
  [[nodiscard]] std::string folder_name() const { return std::filesystem::path(folder_.path).filename(); }
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path)) {
      found.push_back(entry.path().filename());
    }
    std::ranges::sort(found);
    return found;
  }

  TemporaryFolder folder_;
};

using Names = std::vector<std::string>;

TEST_F(SmallFileTest, AReplacedFileIsDurableAndThenItsName) {
  replace_file(file("record"), "old");
  surroundings.synced.clear();
  replace_file(file("record"), "the new text");
  EXPECT_EQ(read_small_file(file("record")), "the new text");
  EXPECT_EQ(surroundings.synced, (Names{".records.0-0.partial", folder_name()}));
  EXPECT_EQ(names(), Names{"record"});
}

TEST_F(SmallFileTest, ShortAndInterruptedWritesAreContinued) {
  surroundings.bytes_per_write = 3;
  surroundings.interruptions = 2;
  replace_file(file("record"), "a text of many bytes");
  EXPECT_EQ(read_small_file(file("record")), "a text of many bytes");
  surroundings.interruptions = 2;
  EXPECT_TRUE(append_line(file("ledger"), "first line"));
  EXPECT_TRUE(append_line(file("ledger"), "second"));
  EXPECT_EQ(read_small_file(file("ledger")), "first line\nsecond\n");
}

TEST_F(SmallFileTest, AnInterruptedFsyncIsRepeated) {
  surroundings.interruptions = 3;  // one write, two fsyncs
  replace_file(file("record"), "text");
  EXPECT_EQ(surroundings.synced, (Names{".records.0-0.partial", folder_name()}));
}

TEST_F(SmallFileTest, WhatCannotBeMadeDurableLeavesTheOldFile) {
  replace_file(file("record"), "old");
  surroundings.fsync_fault = EIO;
  try {
    replace_file(file("record"), "new");
    ADD_FAILURE() << "expected an error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::io_error);
    EXPECT_EQ(error.what(), file("record") + ": cannot be written: Input/output error");
  }
  EXPECT_EQ(read_small_file(file("record")), "old");
  EXPECT_EQ(names(), Names{"record"});
  EXPECT_FALSE(append_line(file("record"), "line"));
  EXPECT_EQ(errno, EIO);
}

TEST_F(SmallFileTest, FileSystemsThatDoNotSyncFoldersAreTakenAsTheyAre) {
  surroundings.fsync_fault = EINVAL;
  replace_file(file("record"), "text");
  EXPECT_EQ(read_small_file(file("record")), "text");
}

TEST_F(SmallFileTest, AMissingFolderIsNamed) {
  try {
    replace_file(file("missing/record"), "text");
    ADD_FAILURE() << "expected an error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::cannot_create);
  }
}

TEST_F(SmallFileTest, WhatAKilledWriterLeftIsOverwritten) {
  const FileDescriptor left(open(file(".records.0-0.partial").c_str(), O_WRONLY | O_CREAT, 0666));
  ASSERT_EQ(write_whole(left.get(), "half of a longer text"), 0);
  replace_file(file("record"), "text");
  EXPECT_EQ(read_small_file(file("record")), "text");
  EXPECT_EQ(names(), Names{"record"});
}

TEST_F(SmallFileTest, ProcessesThatReplaceOneFileTakeTurns) {
  constexpr int writers = 4;
  constexpr int rounds = 25;
  std::vector<pid_t> children;
  for (int w = 0; w < writers; ++w) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child != 0) {
      children.push_back(child);
      continue;
    }
    surroundings.bytes_per_write = 7;
    for (int r = 0; r < rounds; ++r) replace_file(file("record"), std::string(100, static_cast<char>('a' + w)));
    _exit(0);
  }
  for (const pid_t child : children) {
    int status = -1;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  const std::string text = read_small_file(file("record"));
  EXPECT_EQ(text, std::string(100, text.front()));
  EXPECT_EQ(names(), Names{"record"});
}

TEST_F(SmallFileTest, TheFirstLineOfAFileMakesItsNameDurable) {
  EXPECT_TRUE(append_line(file("ledger"), "first"));
  EXPECT_EQ(surroundings.synced, (Names{"ledger", folder_name()}));
  EXPECT_TRUE(append_line(file("ledger"), "second"));
  EXPECT_EQ(surroundings.synced, (Names{"ledger", folder_name(), "ledger"}));
}

TEST_F(SmallFileTest, ReadsWhatIsThere) {
  EXPECT_EQ(read_small_file(file("missing")), "");
  EXPECT_FALSE(whole_file(file("missing")));
  const std::string long_text(100'000, 'x');
  replace_file(file("long"), long_text);
  EXPECT_EQ(whole_file(file("long")), long_text);
  EXPECT_FALSE(whole_file(folder_.path));
  EXPECT_THROW(static_cast<void>(read_small_file(folder_.path)), Error);
  EXPECT_TRUE(read_small_file("/proc/self/stat").starts_with(std::to_string(getpid())));
}

}  // namespace
}  // namespace rankwise
