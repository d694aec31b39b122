// Ranks of a node with one copy of what they gather: the same bits, and each row once per node that needs it.

#include <gtest/gtest.h>
#include <omp.h>
#include <set>

#include "distributed/planning/layout_plan.hpp"
#include "kernels/als/solve_rows.hpp"
#include "tests/distributed/als/als_log.hpp"

namespace rankwise {
namespace {

class NodeSharingTest : public ::testing::Test {
 protected:
  void TearDown() override { omp_set_num_threads(threads_); }
  [[nodiscard]] std::shared_ptr<const NodeGroup> nodes_of(int ranks_per_node) const {
    return std::make_shared<const NodeGroup>(NodeGroup::of_consecutive(comm, ranks_per_node));
  }
  void expect_same(const AlsRun& expected, const AlsRun& actual) {
    EXPECT_EQ(expected.losses, actual.losses);
    EXPECT_EQ(expected.users, actual.users);
    EXPECT_EQ(expected.items, actual.items);
  }

  Communicator comm = Communicator::world();
  Communicator self = Communicator::single();
  int threads_ = omp_get_max_threads();
};

TEST_F(NodeSharingTest, EverySolverGivesTheSameBitsOnNodesOfAnySize) {
  const Log log(700, 400, 9000, 19);
  for (const SolverChoice choice :
       {SolverChoice::primal, SolverChoice::dual, SolverChoice::conjugate_gradients, SolverChoice::subspace}) {
    for (const std::size_t kind : {0U, 1U, 4U}) {
      const Objective objective = objectives()[kind];
      const AlsRun alone = run_als(self, objective, log, 20, 2, solver_of(choice));
      for (const int ranks_per_node : {1, 2, 3, 7}) {
        for (const int threads : {1, 2}) {
          omp_set_num_threads(threads);
          expect_same(alone, run_als(comm, objective, log, 20, 2, solver_of(choice), {}, {}, nodes_of(ranks_per_node)));
        }
      }
    }
  }
}

TEST_F(NodeSharingTest, RanksOfThisMachineShare) {
  const Log log(700, 400, 9000, 19);
  const auto nodes = std::make_shared<const NodeGroup>(NodeGroup::of_nodes(comm));
  expect_same(run_als(self, {}, log, 20, 3), run_als(comm, {}, log, 20, 3, {}, {}, {}, nodes));
}

TEST_F(NodeSharingTest, RanksWithoutRowsAndHeavyRowsGiveTheSameBits) {
  Log one_item(500, 1, 0, 1);
  for (Index user = 0; user < one_item.users; user += 2) one_item.ratings[{user, 0}] = 1;
  const Log heavy(6000, 30, 60'000, 23);
  const Log tiny(3, 2, 20, 1);
  for (const Log& log : {one_item, heavy, tiny}) {
    for (const SolverChoice choice : {SolverChoice::automatic, SolverChoice::dual}) {
      const AlsRun alone = run_als(self, objectives()[0], log, 50, 2, solver_of(choice));
      for (const int ranks_per_node : {2, 3}) {
        expect_same(alone,
                    run_als(comm, objectives()[0], log, 50, 2, solver_of(choice), {}, {}, nodes_of(ranks_per_node)));
      }
    }
  }
}

TEST_F(NodeSharingTest, TooLittleMemoryForASideCutsItIntoBatchesOfEachRank) {
  const Log log(700, 400, 9000, 19);
  const AlsRun alone = run_als(self, {}, log, 20, 2);
  for (const auto& [users, items] : {std::pair<Index, Index>{60, 1000}, {1000, 60}, {40, 90}}) {
    expect_same(alone, run_als(comm, {}, log, 20, 2, {}, {users, users}, {items, items}, nodes_of(2)));
  }
}

TEST_F(NodeSharingTest, ARankCountsItsPartOfWhatItsNodeGathers) {
  const Log log(700, 400, 9000, 19);
  const Partition user_rows = Partition::by_count(log.users, comm.size());
  const Partition item_rows = Partition::by_count(log.items, comm.size());
  const auto side_within = [&](Index most) {
    return side_of(comm, {}, log, Orientation::by_item, item_rows, user_rows, {{most, most}, nodes_of(comm.size())});
  };
  const Index gathered = side_within(1'000'000).batches.front().gathered_rows();
  EXPECT_EQ(comm.min(gathered), comm.max(gathered));
  const Index part = (gathered + comm.size() - 1) / comm.size();
  EXPECT_TRUE(side_within(part).is_whole());
  const TrainingSide cut = side_within(part - 1);
  EXPECT_FALSE(cut.is_whole());
  EXPECT_FALSE(cut.nodes->map.is_shared());
}

TEST_F(NodeSharingTest, ARowThatCannotBeSolvedEndsEveryRankAlike) {
  EXPECT_EQ(first_unsolvable_user(comm, nodes_of(2)), 70);
}

/// All rows, by user.
void add_to(LayoutPlan& plan, const Log& log) {
  std::vector<Index> offsets{0};
  std::vector<Index> columns;
  for (Index user = 0; user < log.users; ++user) {
    for (auto entry = log.ratings.lower_bound({user, 0}); entry != log.ratings.end() && entry->first.first == user;
         ++entry) {
      columns.push_back(entry->first.second);
    }
    offsets.push_back(static_cast<Index>(columns.size()));
  }
  plan.add({0, offsets, columns});
}

TEST_F(NodeSharingTest, SendsEachRowOncePerNodeThatNeedsItAsPlanned) {
  constexpr Index width = 20;
  const Log log(900, 500, 6000, 29);
  std::vector<Index> user_sizes(static_cast<std::size_t>(log.users));
  std::vector<Index> item_sizes(static_cast<std::size_t>(log.items));
  for (const auto& [pair, value] : log.ratings) {
    ++user_sizes[static_cast<std::size_t>(pair.first)];
    ++item_sizes[static_cast<std::size_t>(pair.second)];
  }
  const SideWork user_work = side_work(user_sizes, {}, kernels::ExactRows{width}, width);
  const SideWork item_work = side_work(item_sizes, {}, kernels::ExactRows{width}, width);
  for (const int ranks_per_node : {1, 2, 3, 7}) {
    LayoutPlan plan(user_work, item_work, {}, comm.size(), ranks_per_node);
    add_to(plan, log);
    const auto rank = static_cast<std::size_t>(comm.rank());
    const auto expect_planned = [&](const TrainingSide& side, const RankShare& share) {
      EXPECT_EQ(side.sent_rows(), share.sent_rows);
      EXPECT_EQ(side.batches.front().gathered_rows(), share.needed_rows);
    };
    expect_planned(side_of(comm, {}, log, Orientation::by_user, plan.user_rows(), plan.item_rows(),
                           {{}, nodes_of(ranks_per_node)}),
                   plan.user_sweep()[rank]);
    expect_planned(side_of(comm, {}, log, Orientation::by_item, plan.item_rows(), plan.user_rows(),
                           {{}, nodes_of(ranks_per_node)}),
                   plan.item_sweep()[rank]);
  }
}

}  // namespace
}  // namespace rankwise
