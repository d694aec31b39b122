// Teams of threads: who gets one, how they wait, and how many there can be.

#include <atomic>
#include <chrono>
#include <ctime>
#include <gtest/gtest.h>
#include <limits>
#include <omp.h>
#include <thread>

#include "distributed/kmeans/point_rows.hpp"
#include "distributed/threads/held_threads.hpp"
#include "distributed/threads/openmp_runtime.hpp"
#include "distributed/threads/team_size.hpp"

namespace rankwise {
namespace {

class Team : public ::testing::Test {
 protected:
  void SetUp() override { omp_set_num_threads(3); }
  void TearDown() override { omp_set_num_threads(threads_); }

 private:
  int threads_ = omp_get_max_threads();
};

Points points_of(Index rows, Index dimensions) {
  return {rows, {0, rows}, dimensions, Matrix(rows, dimensions), {}};
}

/// The threads of each block, all alike.
int threads_over(const Points& points, double row_operations) {
  std::atomic<int> threads = 0;
  for_each_point_block(points, row_operations, [&threads](RowRange) { threads = omp_get_num_threads(); });
  return threads;
}

TEST_F(Team, IsAllThreadsOrOne) {
  EXPECT_EQ(team_size(0, 64), 1);
  EXPECT_EQ(team_size(200 * 8 * 8, 64), 1);
  EXPECT_EQ(team_size(1e6, 64), 64);
  EXPECT_EQ(team_size(std::numeric_limits<double>::infinity(), 1), 1);
  EXPECT_EQ(team_size(1e6), 3);
}

TEST_F(Team, IsForManyPointsOnly) {
  // One block is one thread's.
  EXPECT_EQ(threads_over(points_of(point_block, 8), 1e6), 1);
  // Many rows that take next to nothing, and rows that take more.
  EXPECT_EQ(threads_over(points_of(4 * point_block, 8), 8), 1);
  EXPECT_EQ(threads_over(points_of(4 * point_block, 8), 1000), 3);
}

TEST_F(Team, SleepsWhileItWaits) {
  let_threads_sleep();
  const auto processor_seconds = [] { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; };
  const double before = processor_seconds();
  for (int region = 0; region < 40; ++region) {
#pragma omp parallel num_threads(2)
    {}
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  // Awake, the second thread would take 3 ms or more of each pause.
  EXPECT_LT(processor_seconds() - before, 0.06);
}

TEST(ThreadStack, IsLargeEnoughByDefault) {
  EXPECT_GE(thread_stack_bytes(), std::size_t{1} << 20);
}

TEST(HeldThreads, AreAsManyAsWanted) {
  EXPECT_EQ(HeldThreads(0, thread_stack_bytes()).count(), 0);
  EXPECT_EQ(HeldThreads(5, thread_stack_bytes()).count(), 5);
}

TEST(HeldThreads, AreFewerWhereTheSystemRefuses) {
  // No address space has room for such a stack.
  EXPECT_EQ(HeldThreads(5, std::size_t{1} << 50).count(), 0);
}

}  // namespace
}  // namespace rankwise
