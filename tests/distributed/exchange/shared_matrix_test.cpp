#include "distributed/exchange/shared_matrix.hpp"

#include <cstdint>
#include <gtest/gtest.h>
#include <utility>

namespace rankwise {
namespace {

class SharedMatrixTest : public ::testing::Test {
 protected:
  Communicator comm = Communicator::world();
};

TEST_F(SharedMatrixTest, EveryRankOfAGroupReadsWhatAnyWrote) {
  for (const int ranks_per_node : {1, 2, 3, 7}) {
    const NodeGroup group = NodeGroup::of_consecutive(comm, ranks_per_node);
    SharedMatrix matrix(comm, group, 1000, 33);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(matrix.row(0)) % 64, 0U);
    EXPECT_EQ(matrix.view().stride, 48);
    const RowRange mine = group.share(matrix.rows());
    for (Index r = mine.begin; r < mine.end; ++r) {
      for (Index c = 0; c < 48; ++c) EXPECT_EQ(matrix.row(r)[c], 0.0F);
      matrix.row(r)[32] = static_cast<float>(r);
    }
    matrix.settle(group);
    for (Index r = 0; r < matrix.rows(); ++r) EXPECT_EQ(matrix.row(r)[32], static_cast<float>(r));
    matrix.settle(group);
    SharedMatrix moved = std::move(matrix);
    EXPECT_EQ(moved.row(999)[32], 999.0F);
    moved = SharedMatrix(comm, group, 0, 5);
    EXPECT_EQ(moved.rows(), 0);
  }
}

TEST_F(SharedMatrixTest, RanksOfThisMachineAreOneGroup) {
  const NodeGroup group = NodeGroup::of_nodes(comm);
  EXPECT_EQ(group.map.nodes(), 1);
  EXPECT_EQ(group.comm.size(), comm.size());
  EXPECT_EQ(group.map.receiver(0, 0), 0);
}

TEST_F(SharedMatrixTest, WhatTheMachineCannotHoldIsRefusedOnEveryRank) {
  const NodeGroup group = NodeGroup::of_nodes(comm);
  if (!group.map.is_shared()) GTEST_SKIP() << "one rank has ordinary memory";
  try {
    const SharedMatrix matrix(comm, group, Index{1} << 36, 64);
    ADD_FAILURE() << "16 TiB of shared memory";
  } catch (const AgreedError& error) {
    EXPECT_EQ(error.code(), ExitCode::internal);
    EXPECT_NE(std::string(error.what()).find("--node-sharing off"), std::string::npos);
  }
}

}  // namespace
}  // namespace rankwise
