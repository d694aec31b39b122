// Transfers cut into messages: the same results for any limit, and no message beyond it.

#include "distributed/comm/messages.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/exchange/exchange_plan.hpp"
#include "distributed/rows/partition.hpp"

namespace rankwise {
namespace {
/// What this rank has handed to MPI since the last reset.
struct Observed {
  int largest_message = 0;
  int messages = 0;

  void note(int count) {
    largest_message = std::max(largest_message, count);
    ++messages;
  }
};
Observed observed;
}  // namespace
}  // namespace rankwise

// MPI's profiling interface: these stand before the library's own and see every message of the product.
extern "C" {
int MPI_Isend(const void* place, int count, MPI_Datatype type, int target, int tag, MPI_Comm comm, MPI_Request* made) {
  rankwise::observed.note(count);
  return PMPI_Isend(place, count, type, target, tag, comm, made);
}
int MPI_Irecv(void* place, int count, MPI_Datatype type, int source, int tag, MPI_Comm comm, MPI_Request* made) {
  rankwise::observed.note(count);
  return PMPI_Irecv(place, count, type, source, tag, comm, made);
}
int MPI_Bcast(void* place, int count, MPI_Datatype type, int root, MPI_Comm comm) {
  rankwise::observed.note(count);
  return PMPI_Bcast(place, count, type, root, comm);
}
int MPI_Allreduce(const void* mine, void* all, int count, MPI_Datatype type, MPI_Op operation, MPI_Comm comm) {
  rankwise::observed.note(count);
  return PMPI_Allreduce(mine, all, count, type, operation, comm);
}
}

namespace rankwise {
namespace {

TEST(Messages, CoverEachElementOnceInOrder) {
  for (const Index most : {Index{1}, Index{3}, Index{1000}}) {
    for (const Index total : {Index{0}, Index{1}, most - 1, most, most + 1, 5 * most, 5 * most + 2}) {
      Index next = 0;
      for_each_message(total, 8, MessageLimit{.elements = most}, [&](Index first, int count) {
        EXPECT_EQ(first, next);
        EXPECT_EQ(count, std::min(most, total - first));
        next += count;
      });
      EXPECT_EQ(next, total);
    }
  }
}

TEST(Messages, CountBeyondAnInt) {
  const Index total = (Index{1} << 40) + 17;
  Index next = 0;
  for_each_message(total, 4, {}, [&](Index first, int count) {
    EXPECT_EQ(first, next);
    EXPECT_LE(Index{count} * 4, Index{1} << 30);
    next += count;
  });
  EXPECT_EQ(next, total);
}

TEST(Messages, CarryAtMostTheirBytesButOneElement) {
  const MessageLimit limit{.bytes = 100};
  EXPECT_EQ(limit.elements_of(1), 100);
  EXPECT_EQ(limit.elements_of(30), 3);
  EXPECT_EQ(limit.elements_of(101), 1);
  EXPECT_EQ((MessageLimit{.elements = 2, .bytes = 100}.elements_of(30)), 2);
  EXPECT_EQ(MessageLimit{}.elements_of(1), Index{1} << 30);
  EXPECT_EQ((MessageLimit{.bytes = Index{1} << 40}.elements_of(1)), 2147483647);
}

TEST(Messages, RefuseWhatCannotBeCut) {
  const auto nothing = [](Index, int) {};
  EXPECT_THROW(for_each_message(-1, 1, {}, nothing), Error);
  EXPECT_THROW(for_each_message(1, 0, {}, nothing), Error);
  EXPECT_THROW(for_each_message(1, 1, {.elements = 0}, nothing), Error);
  EXPECT_THROW(for_each_message(1, 1, {.bytes = 0}, nothing), Error);
  EXPECT_NO_THROW(for_each_message(0, 0, {}, nothing));
}

TEST(NarrowCount, RefusesWhatMpiCannotCount) {
  EXPECT_EQ(narrow_count(2147483647), 2147483647);
  EXPECT_THROW((void)narrow_count(2147483648), Error);
  EXPECT_THROW((void)narrow_count(-1), Error);
}

/// Everything that moves data, with messages of at most GetParam() elements beside the default's.
class MessageLimitTest : public ::testing::TestWithParam<Index> {
 protected:
  /// body(communicator) with the default limit, then with the small one: equal results, in more and smaller messages.
  template <class Body>
  void expect_equal(Body&& body) {
    observed = {};
    const auto expected = body(whole_);
    const Observed one = observed;
    observed = {};
    const auto cut = body(cut_);
    EXPECT_EQ(cut, expected);
    EXPECT_LE(observed.largest_message, GetParam());
    EXPECT_GE(observed.messages, one.messages);
    if (one.largest_message > GetParam()) {
      EXPECT_GT(observed.messages, one.messages);
    }
  }

  Communicator whole_ = Communicator::world();
  Communicator cut_ = Communicator::world(MessageLimit{.elements = GetParam()});
  int rank_ = whole_.rank();
  int size_ = whole_.size();
};

constexpr std::array<Index, 7> lengths{0, 1, 2, 3, 4, 7, 100};

TEST_P(MessageLimitTest, Reductions) {
  for (const Index length : lengths) {
    std::vector<Index> integers(static_cast<std::size_t>(length));
    std::vector<double> reals(integers.size());
    for (std::size_t i = 0; i < integers.size(); ++i) {
      integers[i] = static_cast<Index>(i * i) + rank_;
      reals[i] = static_cast<double>((i * 7 + static_cast<std::size_t>(rank_) * 5) % 11) / 4;
    }
    expect_equal([&](const Communicator& comm) {
      std::vector<Index> sums = integers;
      comm.all_reduce_sum(std::span<Index>(sums));
      return sums;
    });
    expect_equal([&](const Communicator& comm) {
      std::vector<double> largest = reals;
      comm.all_reduce_max(std::span<double>(largest));
      return largest;
    });
  }
  expect_equal([&](const Communicator& comm) {
    return std::vector<int>{comm.sum(rank_ + 1), comm.max(rank_), comm.min(-rank_)};
  });
}

TEST_P(MessageLimitTest, Broadcasts) {
  for (const Index length : lengths) {
    for (int root = 0; root < size_; ++root) {
      expect_equal([&](const Communicator& comm) {
        std::vector<Index> values;
        for (Index i = 0; rank_ == root && i < length; ++i) values.push_back(i * 1000 + root);
        comm.broadcast(values, root);
        EXPECT_EQ(static_cast<Index>(values.size()), length);
        for (std::size_t i = 0; i < values.size(); ++i) EXPECT_EQ(values[i], static_cast<Index>(i) * 1000 + root);
        return values;
      });
      expect_equal([&](const Communicator& comm) {
        std::string text = rank_ == root ? std::string(static_cast<std::size_t>(length), 'x') + "end" : "";
        comm.broadcast(text, root);
        return text;
      });
    }
  }
}

/// What rank `from` gives to rank `to`: 0, 1, a few or many values, told apart by sender, receiver and place.
std::vector<Index> gift(int from, int to) {
  std::vector<Index> values(
      static_cast<std::size_t>(lengths[static_cast<std::size_t>(from * 3 + to + 5) % lengths.size()]));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = (from * 100 + to) * 1000 + static_cast<Index>(i);
  return values;
}

TEST_P(MessageLimitTest, GathersOfUnevenCounts) {
  std::vector<Index> expected;
  for (int from = 0; from < size_; ++from) {
    const std::vector<Index> given = gift(from, 0);
    expected.insert(expected.end(), given.begin(), given.end());
  }
  expect_equal([&](const Communicator& comm) {
    const std::vector<Index> mine = gift(rank_, 0);
    Exchanged<Index> all = comm.all_gather_varied(std::span<const Index>(mine));
    EXPECT_EQ(all.values, expected);
    return std::pair(all.values, all.counts);
  });
  expect_equal([&](const Communicator& comm) { return comm.all_gather(rank_); });
}

TEST_P(MessageLimitTest, ExchangesOfUnevenCounts) {
  std::vector<Index> send;
  std::vector<Index> counts;
  std::vector<Index> expected;
  for (int peer = 0; peer < size_; ++peer) {
    const std::vector<Index> given = gift(rank_, peer);
    counts.push_back(static_cast<Index>(given.size()));
    send.insert(send.end(), given.begin(), given.end());
    const std::vector<Index> got = gift(peer, rank_);
    expected.insert(expected.end(), got.begin(), got.end());
  }
  expect_equal([&](const Communicator& comm) {
    Exchanged<Index> received = comm.exchange(std::span<const Index>(send), counts);
    EXPECT_EQ(received.values, expected);
    return std::pair(received.values, received.counts);
  });
}

TEST_P(MessageLimitTest, RowsOfTheOtherSide) {
  constexpr Index columns = 5;
  const Partition owners = Partition::by_count(1000, size_);
  const RowRange mine = owners.range(rank_);
  Matrix local(mine.size(), columns);
  for (Index r = 0; r < mine.size(); ++r) {
    for (Index c = 0; c < columns; ++c) local.row(r)[c] = static_cast<float>((mine.begin + r) * 10 + c);
  }
  std::vector<Index> needed;  // other rows on every rank, none at all on rank 1
  for (Index row = rank_; row < owners.rows() && rank_ != 1; row += 2 + rank_) needed.push_back(row);
  expect_equal([&](const Communicator& comm) {
    const ExchangePlan plan(comm, NodeMap::alone(comm.size()), owners, needed);
    Matrix gathered(plan.needed_rows(), columns);
    // Two at a time: their messages must not mix.
    Matrix again(plan.needed_rows(), columns);
    Exchange first = plan.start(comm, local.view(), gathered.view());
    Exchange second = plan.start(comm, local.view(), again.view());
    first.wait();
    second.wait();
    EXPECT_EQ(std::memcmp(again.row(0), gathered.row(0), gathered.bytes()), 0);
    for (std::size_t r = 0; r < needed.size(); ++r) {
      for (Index c = 0; c < columns; ++c) {
        EXPECT_EQ(gathered.row(static_cast<Index>(r))[c], static_cast<float>(needed[r] * 10 + c));
      }
    }
    return std::vector<float>(gathered.row(0), gathered.row(gathered.rows()));
  });
}

TEST_P(MessageLimitTest, ErrorsAgreedOn) {
  expect_equal([&](const Communicator& comm) -> std::string {
    try {
      agree_on(comm, [&] {
        if (rank_ == size_ - 1) throw Error(ExitCode::io_error, "the last rank failed");
      });
    } catch (const AgreedError& error) {
      return error.what();
    }
    return "no error";
  });
}

TEST(Messages, AMovedCommunicatorKeepsItsLimit) {
  Communicator small = Communicator::world(MessageLimit{.elements = 2});
  Communicator moved = std::move(small);
  Communicator assigned = Communicator::world();
  assigned = std::move(moved);
  observed = {};
  std::vector<Index> values(5, 1);
  assigned.all_reduce_sum(std::span<Index>(values));
  EXPECT_EQ(observed.largest_message, 2);
  EXPECT_EQ(observed.messages, 3);
}

INSTANTIATE_TEST_SUITE_P(Elements, MessageLimitTest, ::testing::Values(1, 3, 64));

}  // namespace
}  // namespace rankwise
