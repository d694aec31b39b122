#include "distributed/exchange/node_map.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <vector>

namespace rankwise {
namespace {

std::vector<int> members(const NodeMap& map, int node) {
  return {map.members(node).begin(), map.members(node).end()};
}

TEST(NodeMap, ConsecutiveRanksFillNodesAndTheLastOneHasTheRest) {
  const NodeMap map = NodeMap::consecutive(7, 3);
  EXPECT_EQ(map.ranks(), 7);
  EXPECT_EQ(map.nodes(), 3);
  EXPECT_TRUE(map.is_shared());
  EXPECT_EQ(members(map, 0), (std::vector<int>{0, 1, 2}));
  EXPECT_EQ(members(map, 2), (std::vector<int>{6}));
  EXPECT_EQ(map.node(5), 1);
}

TEST(NodeMap, AnyLabelsGroupRanksInTheOrderOfTheirLowest) {
  const std::vector<int> labels{9, 4, 9, 4, 0};
  const NodeMap map(labels);
  EXPECT_EQ(map.nodes(), 3);
  EXPECT_EQ(members(map, 0), (std::vector<int>{0, 2}));
  EXPECT_EQ(members(map, 1), (std::vector<int>{1, 3}));
  EXPECT_EQ(map.node(4), 2);
}

TEST(NodeMap, AloneEveryRankReceivesForItself) {
  const NodeMap map = NodeMap::alone(4);
  EXPECT_FALSE(map.is_shared());
  for (int node = 0; node < 4; ++node) {
    for (int owner = 0; owner < 4; ++owner) EXPECT_EQ(map.receiver(node, owner), node);
  }
}

TEST(NodeMap, OwnersAreSharedOutAmongTheRanksOfANode) {
  const NodeMap map = NodeMap::consecutive(4096, 64);
  std::vector<int> owners(4096);
  for (int owner = 0; owner < 4096; ++owner) {
    const int receiver = map.receiver(5, owner);
    EXPECT_EQ(map.node(receiver), 5);
    ++owners[static_cast<std::size_t>(receiver)];
  }
  EXPECT_EQ(std::ranges::max(owners), 64);
}

}  // namespace
}  // namespace rankwise
