#include "distributed/comm/communicator.hpp"

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <numeric>
#include <string>

#include "distributed/comm/order_free_sum.hpp"

namespace rankwise {
namespace {

class CommunicatorTest : public ::testing::Test {
 protected:
  Communicator comm = Communicator::world();
  int rank = comm.rank();
  int size = comm.size();
};

TEST(EnvironmentTest, WhatThisRankStartsMayChooseItsNetwork) {
  EXPECT_EQ(std::getenv("OMPI_MCA_pml"), nullptr);
}

/// A rank that is killed with such a lock in its hand lets mpirun wait forever.
TEST(EnvironmentTest, ARankSharesNoLockWithItsLauncher) {
  std::ifstream maps("/proc/self/maps");
  ASSERT_TRUE(maps);
  const std::string mapped(std::istreambuf_iterator<char>(maps), {});
  EXPECT_NE(mapped.find("libmpi"), std::string::npos);
  EXPECT_EQ(mapped.find("pmix_dstor"), std::string::npos);
}

TEST_F(CommunicatorTest, ReducesAndScans) {
  EXPECT_EQ(comm.sum<Index>(rank + 1), Index{size} * (size + 1) / 2);
  EXPECT_EQ(comm.max(rank), size - 1);
  EXPECT_EQ(comm.min(1.5 + rank), 1.5);
  EXPECT_EQ(comm.exclusive_sum(rank + 1), Index{rank} * (rank + 1) / 2);
  EXPECT_GE(comm.node().size(), 1);
}

TEST_F(CommunicatorTest, GathersAnyCounts) {
  const std::vector<Index> mine(static_cast<std::size_t>(rank % 3), rank);  // some ranks give nothing
  const Exchanged<Index> all = comm.all_gather_varied(std::span<const Index>(mine));
  std::vector<Index> expected;
  for (int r = 0; r < size; ++r) expected.insert(expected.end(), static_cast<std::size_t>(r % 3), r);
  EXPECT_EQ(all.values, expected);
  EXPECT_EQ(comm.all_gather(rank).back(), size - 1);
}

TEST_F(CommunicatorTest, BroadcastsTextOfAnyRoot) {
  std::string text = rank == size - 1 ? "from the last" : "overwritten";
  comm.broadcast(text, size - 1);
  EXPECT_EQ(text, "from the last");
  std::string empty = comm.is_root() ? "" : "x";
  comm.broadcast(empty);
  EXPECT_EQ(empty, "");
}

TEST_F(CommunicatorTest, ExchangesPersonalizedValues) {
  struct Pair {
    int from;
    int to;
  };
  std::vector<Pair> send;
  std::vector<Index> counts;
  for (int to = 0; to < size; ++to) {
    counts.push_back((rank + to) % 3);
    send.insert(send.end(), static_cast<std::size_t>(counts.back()), Pair{rank, to});
  }
  const Exchanged<Pair> received = comm.exchange(std::span<const Pair>(send), counts);
  std::size_t next = 0;
  for (int from = 0; from < size; ++from) {
    EXPECT_EQ(received.counts[static_cast<std::size_t>(from)], (from + rank) % 3);
    for (Index i = 0; i < (from + rank) % 3 && next < received.values.size(); ++i, ++next) {
      EXPECT_EQ(received.values[next].from, from);
      EXPECT_EQ(received.values[next].to, rank);
    }
  }
  EXPECT_EQ(next, received.values.size());
}

TEST_F(CommunicatorTest, AgreesOnTheLowestFailingRanksError) {
  EXPECT_NO_THROW(agree_on(comm, [] {}));
  EXPECT_EQ(agree_on(comm, [&] { return rank; }), rank);
  const int failing = size / 2;
  try {
    agree_on(comm, [&] {
      if (rank >= failing) throw Error(ExitCode::io_error, "rank " + std::to_string(rank));
    });
    ADD_FAILURE() << "no error";
  } catch (const AgreedError& error) {
    EXPECT_EQ(error.code(), ExitCode::io_error);
    EXPECT_EQ(std::string(error.what()), "rank " + std::to_string(failing));
  }
}

TEST_F(CommunicatorTest, SplitsKeepTheOrderOfRanks) {
  const Communicator part = comm.split(rank % 2);
  EXPECT_EQ(part.rank(), rank / 2);
  EXPECT_EQ(part.size(), (size + 1 - rank % 2) / 2);
  EXPECT_EQ(part.sum(Index{rank % 2}), rank % 2 == 0 ? 0 : part.size());
}

TEST_F(CommunicatorTest, OrderFreeSumIsTheSameForAnyCut) {
  // Terms of wildly different magnitude, cut over the ranks in two ways, against the sum on one rank.
  std::vector<double> terms;
  for (int i = 0; i < 1000; ++i) terms.push_back(std::sin(i) * std::pow(10.0, i % 12 - 6));
  const auto share = [&](std::size_t begin, std::size_t end) {
    return std::span<const double>(terms).subspan(begin, end - begin);
  };
  const auto r = static_cast<std::size_t>(rank);
  const auto n = static_cast<std::size_t>(size);
  const double even = order_free_sum(comm, share(1000 * r / n, 1000 * (r + 1) / n));
  const double all_on_last = order_free_sum(comm, rank == size - 1 ? share(0, 1000) : share(0, 0));
  EXPECT_EQ(even, all_on_last);
  const double plain = std::accumulate(terms.begin(), terms.end(), 0.0);
  EXPECT_NEAR(even, plain, 1e-9 * std::fabs(plain));
  EXPECT_EQ(order_free_sum(comm, std::span<const double>()), 0.0);
  const std::vector<double> bad{rank == 0 ? std::nan("") : 1.0};
  EXPECT_TRUE(std::isnan(order_free_sum(comm, bad)));
}

}  // namespace
}  // namespace rankwise
