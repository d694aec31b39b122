// The tree of connections beside MPI.

#include "distributed/comm/rank_links.hpp"

#include <gtest/gtest.h>
#include <set>
#include <sys/socket.h>
#include <unistd.h>

namespace rankwise {
namespace {

TEST(RankTree, HoldsEveryRankOnceAtAnyNumber) {
  for (const int ranks : {1, 2, 16, 17, 18, 273, 274, 1024, 4096}) {
    std::set<int> found{0};
    for (int rank = 0; rank < ranks; ++rank) {
      for (const int child : RankTree(ranks).children(rank)) {
        EXPECT_EQ(RankTree::parent(child), rank);
        EXPECT_LT(child, ranks);
        EXPECT_TRUE(found.insert(child).second) << child;
      }
      EXPECT_LE(RankTree(ranks).children(rank).size(), std::size_t{RankTree::fan_out});
    }
    EXPECT_EQ(found.size(), static_cast<std::size_t>(ranks));
  }
  EXPECT_EQ(RankTree::parent(0), -1);
}

TEST(RankLinks, ReachTheNeighboursThatTheyName) {
  const Communicator comm = Communicator::world();
  const std::vector<RankLink> links = link_ranks(comm);
  const std::vector<int> processes = comm.all_gather(std::int32_t{getpid()});
  std::vector<int> expected = RankTree(comm.size()).children(comm.rank());
  if (comm.rank() > 0) expected.insert(expected.begin(), RankTree::parent(comm.rank()));
  EXPECT_EQ(links.size(), expected.size());
  const std::int32_t me = comm.rank();
  for (const RankLink& link : links) {
    EXPECT_EQ(send(link.socket.get(), &me, sizeof me, MSG_NOSIGNAL), ssize_t{sizeof me});
  }
  for (std::size_t i = 0; i < links.size(); ++i) {
    std::int32_t there = -1;
    EXPECT_EQ(recv(links[i].socket.get(), &there, sizeof there, MSG_WAITALL), ssize_t{sizeof there});
    EXPECT_EQ(there, links[i].rank);
    EXPECT_EQ(links[i].rank, expected[i]);
    EXPECT_EQ(links[i].process, processes[static_cast<std::size_t>(links[i].rank)]);
    EXPECT_TRUE(links[i].sees_process);  // tests run on one machine
    EXPECT_FALSE(links[i].host.empty());
  }
  comm.barrier();
}

TEST(RankLinks, MayBeMadeAgain) {
  const Communicator comm = Communicator::world();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(link_ranks(comm).empty(), comm.size() == 1);
}

}  // namespace
}  // namespace rankwise
