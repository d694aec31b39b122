// Large arrays in files beyond a budget.

#include "kernels/base/scratch_memory.hpp"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <memory>
#include <new>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "kernels/base/error.hpp"
#include "tests/temporary_folder.hpp"

namespace rankwise {
namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20;

std::size_t private_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t pages = 0;
  for (int field = 0; field < 6; ++field) statm >> pages;
  return pages * 4096;
}

/// The address sanitizer brings an operator new of its own.
class ScratchMemoryTest : public testing::Test {
 protected:
  void SetUp() override {
#ifdef __SANITIZE_ADDRESS__
    GTEST_SKIP() << "the address sanitizer replaces operator new";
#endif
  }
  TemporaryFolder folder_;
  std::size_t budget_bytes_ = 2 * private_bytes() + 16 * mebibyte;
};

TEST_F(ScratchMemoryTest, ArraysBeyondTheBudgetAreInFilesAndKeepTheirValues) {
  const ScratchMemory scratch(folder_.path, budget_bytes_);
  std::vector<std::vector<int>> arrays;
  for (int a = 0; a < 40; ++a) {
    arrays.emplace_back(2 * mebibyte);
    std::iota(arrays.back().begin(), arrays.back().end(), a);
  }
  EXPECT_LE(private_bytes(), budget_bytes_);
  EXPECT_LE(scratch.figures().most_private_bytes, budget_bytes_);
  EXPECT_GE(scratch.figures().most_scratch_bytes + budget_bytes_, 40 * 8 * mebibyte);
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path));  // they have no names
  arrays.front().resize(3 * mebibyte);
  for (std::size_t a = 0; a < arrays.size(); ++a) {
    for (std::size_t i = 0; i < 2 * mebibyte; i += 1013) ASSERT_EQ(arrays[a][i], static_cast<int>(a + i));
  }
  arrays.clear();
  std::vector<char> again(4 * mebibyte);  // has room in memory now
  EXPECT_EQ(scratch.refusal(), "");
  EXPECT_LT(scratch.figures().most_scratch_bytes, 42 * 8 * mebibyte);
}

TEST_F(ScratchMemoryTest, ArraysMayOutliveItAndBeOfSeveralThreads) {
  std::vector<std::vector<char>> arrays(8);
  {
    const ScratchMemory scratch(folder_.path, budget_bytes_);
    std::vector<std::thread> threads;
    for (auto& array : arrays) {
      threads.emplace_back([&array] {
        for (std::size_t size = 1; size <= 64; size *= 2) array = std::vector<char>(size * mebibyte, 'a');
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_GT(scratch.figures().most_scratch_bytes, 8 * 64 * mebibyte - budget_bytes_);
  }
  for (const auto& array : arrays) EXPECT_EQ(array.back(), 'a');
  arrays.clear();
  const std::size_t before = private_bytes();
  const std::vector<char> plain(64 * mebibyte);
  EXPECT_GE(private_bytes(), before + 64 * mebibyte);  // as ever
}

TEST_F(ScratchMemoryTest, WhatCannotBeIsSaid) {
  const auto error_of = [](const std::string& folder, std::size_t bytes) -> std::string {
    try {
      const ScratchMemory scratch(folder, bytes);
    } catch (const Error& error) {
      return std::to_string(static_cast<int>(error.code())) + ": " + error.what();
    }
    return {};
  };
  EXPECT_TRUE(error_of(folder_.path, mebibyte).starts_with("2: --memory-budget 1 MiB: the program alone has "));
  const std::string none = std::string(folder_.path) + "/none";
  EXPECT_EQ(error_of(none, budget_bytes_),
            "73: --scratch " + none + ": cannot create a file: No such file or directory");
  const ScratchMemory scratch(folder_.path, budget_bytes_);
  volatile std::size_t too_much = std::size_t{1} << 60;
  EXPECT_THROW(::operator delete(::operator new(too_much)), std::bad_alloc);
  EXPECT_TRUE(scratch.refusal().starts_with("--scratch " + std::string(folder_.path) +
                                            ": no room for 1099511627776 MiB more: "))
      << scratch.refusal();
}

}  // namespace
}  // namespace rankwise
