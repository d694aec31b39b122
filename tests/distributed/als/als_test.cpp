// The exchange and the distributed sweeps against one-rank plain computations.

#include <algorithm>
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <map>

#include "distributed/als/half_sweep.hpp"
#include "distributed/als/row_batches.hpp"
#include "distributed/exchange/exchange_plan.hpp"
#include "distributed/planning/layout_plan.hpp"
#include "distributed/planning/side_plan.hpp"
#include "kernels/als/solve_rows.hpp"
#include "kernels/reference/reference.hpp"
#include "tests/distributed/als/als_log.hpp"

namespace rankwise {
namespace {

/// The loss by its definition over all pairs, in double.
double plain_loss(const Objective& objective, const Log& log, const AlsRun& run, Index width) {
  const Index stride = padded_columns(width);
  const auto row = [&](const std::vector<float>& factors, Index r) { return factors.data() + r * stride; };
  std::vector<Index> user_sizes(static_cast<std::size_t>(log.users));
  std::vector<Index> item_sizes(static_cast<std::size_t>(log.items));
  for (const auto& [pair, value] : log.ratings) {
    ++user_sizes[static_cast<std::size_t>(pair.first)];
    ++item_sizes[static_cast<std::size_t>(pair.second)];
  }
  const Index factors = objective.biases ? width - 1 : width;
  double loss = 0;
  for (Index u = 0; u < log.users; ++u) {
    for (Index i = 0; i < log.items; ++i) {
      double p = 0;
      for (Index f = 0; f < factors; ++f)
        p += static_cast<double>(row(run.users, u)[f]) * static_cast<double>(row(run.items, i)[f]);
      const auto entry = log.ratings.find({u, i});
      const bool observed = entry != log.ratings.end();
      if (objective.loss == LossKind::explicit_feedback) {
        if (objective.biases) p += static_cast<double>(row(run.users, u)[factors] + row(run.items, i)[factors]);
        if (observed) loss += std::pow(static_cast<double>(entry->second) - objective.global_mean - p, 2);
        continue;
      }
      if (observed) loss += static_cast<double>(objective.entry_value(entry->second)) * (1 - p) * (1 - p);
      if (!observed || objective.weighting == Weighting::constant) loss += objective.unobserved_weight * p * p;
    }
  }
  const auto regularizer = [&](const std::vector<float>& side, const std::vector<Index>& sizes, Index opposite) {
    double sum = 0;
    for (std::size_t r = 0; r < sizes.size(); ++r) {
      double norm = 0;
      for (Index f = 0; f < width; ++f) norm += std::pow(static_cast<double>(row(side, static_cast<Index>(r))[f]), 2);
      sum += static_cast<double>(objective.row_regularization(sizes[r], opposite)) * norm;
    }
    return sum;
  };
  return loss + regularizer(run.users, user_sizes, log.items) + regularizer(run.items, item_sizes, log.users);
}

class AlsTest : public ::testing::Test {
 protected:
  Communicator comm = Communicator::world();
};

TEST_F(AlsTest, ExchangeBringsEachNeededRowOnce) {
  const Index rows = 500;
  const std::vector<double> costs(static_cast<std::size_t>(chunk_count(rows)), 1.0);
  const Partition owners = Partition::by_count(rows, comm.size()).in_portions(costs, 3);
  FactorMatrix factors = random_factors(comm, owners, 5, 0, {1, RandomPurpose::initial_items});
  const RowRange mine = owners.range(comm.rank());
  for (Index r = 0; r < mine.size(); ++r) factors.local.row(r)[0] = static_cast<float>(mine.begin + r);
  std::vector<Index> needed;
  for (Index r = comm.rank(); r < rows; r += 3) needed.push_back(r);
  if (comm.rank() == 1) needed.clear();
  const ExchangePlan plan(comm, NodeMap::alone(comm.size()), owners, needed);
  Matrix gathered(plan.needed_rows(), 5);
  plan.start(comm, factors.local.view(), gathered.view()).wait();
  ASSERT_EQ(gathered.rows(), static_cast<Index>(needed.size()));
  for (std::size_t r = 0; r < needed.size(); ++r)
    EXPECT_EQ(gathered.row(static_cast<Index>(r))[0], static_cast<float>(needed[r]));
  // What is sent is exactly what others need of this rank's rows.
  Index wanted_here = 0;
  for (const Index row : needed) wanted_here += mine.contains(row) ? 0 : 1;
  EXPECT_EQ(comm.sum(plan.sent_rows()), comm.sum(wanted_here));
}

TEST_F(AlsTest, LossIsItsDefinitionAndFallsInEveryEpoch) {
  const Log log(150, 90, 2500, 3);
  for (const Objective& objective : objectives()) {
    for (const Index width : {Index{2}, Index{9}}) {
      double previous = std::numeric_limits<double>::infinity();
      for (const int epochs : {1, 2, 3}) {
        const AlsRun run = run_als(comm, objective, log, width, epochs);
        const double plain = plain_loss(objective, log, run, width);
        EXPECT_NEAR(run.losses.back(), plain, 2e-5 * plain);
        EXPECT_LT(run.losses.back(), previous * (1 + 1e-6));
        previous = run.losses.back();
      }
    }
  }
}

TEST_F(AlsTest, GivesTheSameBitsAsOneRank) {
  const Communicator self = Communicator::single();
  const Log log(333, 200, 4000, 17);
  for (const Objective& objective : objectives()) {
    const AlsRun alone = run_als(self, objective, log, 7, 3);
    const AlsRun together = run_als(comm, objective, log, 7, 3);
    EXPECT_EQ(alone.losses, together.losses);
    ASSERT_EQ(alone.users.size(), together.users.size());
    EXPECT_EQ(std::memcmp(alone.users.data(), together.users.data(), alone.users.size() * sizeof(float)), 0);
    EXPECT_EQ(std::memcmp(alone.items.data(), together.items.data(), alone.items.size() * sizeof(float)), 0);
  }
}

TEST_F(AlsTest, GivesTheSameBitsHoweverFewRowsFitIntoMemory) {
  const Log log(700, 400, 9000, 19);
  for (const SolverChoice choice :
       {SolverChoice::automatic, SolverChoice::conjugate_gradients, SolverChoice::subspace}) {
    SolverOptions solver;
    solver.choice = choice;
    solver.subspace_block = 16;
    for (const std::size_t kind : {0U, 1U, 4U}) {
      const Objective objective = objectives()[kind];
      const AlsRun whole = run_als(comm, objective, log, 20, 2, solver);
      for (const auto& [users, items] : {std::pair<Index, Index>{60, 1000}, {1000, 150}, {1, 1}, {40, 90}}) {
        const AlsRun cut = run_als(comm, objective, log, 20, 2, solver, {users, users}, {items, items});
        EXPECT_EQ(whole.losses, cut.losses);
        EXPECT_EQ(whole.users, cut.users);
        EXPECT_EQ(whole.items, cut.items);
      }
    }
  }
}

TEST_F(AlsTest, GivesTheSameBitsForLopsidedLogs) {
  const Communicator self = Communicator::single();
  Log one_item(500, 1, 0, 1);
  for (Index user = 0; user < one_item.users; user += 2) one_item.ratings[{user, 0}] = 1;
  Log one_user_has_half(300, 4000, 4000, 3);
  for (Index item = 0; item < one_user_has_half.items; ++item) one_user_has_half.ratings[{137, item}] = 2;
  for (const Log& log : {one_item, one_user_has_half}) {
    for (const std::size_t kind : {0U, 3U}) {
      const AlsRun alone = run_als(self, objectives()[kind], log, 9, 2);
      for (const Index limit : {Index{1} << 20, Index{50}}) {
        const AlsRun together = run_als(comm, objectives()[kind], log, 9, 2, {}, {limit, limit}, {limit, limit});
        EXPECT_EQ(alone.losses, together.losses);
        EXPECT_EQ(alone.users, together.users);
        EXPECT_EQ(alone.items, together.items);
      }
    }
  }
}

TEST_F(AlsTest, BatchesKeepTheRowsThatTheNextOneNames) {
  const Log log(700, 400, 9000, 19);
  const Partition user_rows = Partition::by_count(log.users, comm.size());
  const Partition item_rows = Partition::by_count(log.items, comm.size());
  const TrainingSide whole = side_of(comm, {}, log, Orientation::by_user, user_rows, item_rows);
  const TrainingSide cut = side_of(comm, {}, log, Orientation::by_user, user_rows, item_rows, {{60, 60}});
  ASSERT_TRUE(whole.is_whole());
  EXPECT_EQ(comm.min(static_cast<Index>(cut.batches.size())), comm.max(static_cast<Index>(cut.batches.size())));
  EXPECT_EQ(cut.entries(), whole.entries());
  Index fetched = 0;
  Index named = 0;
  Index next_row = 0;
  for (const SideBatch& batch : cut.batches) {
    EXPECT_EQ(batch.rows.begin, next_row);
    next_row = batch.rows.end;
    EXPECT_EQ(batch.block.rows(), batch.rows.size());
    EXPECT_LE(batch.gathered_rows(), 60);
    fetched += batch.plan.needed_rows();
    named += batch.gathered_rows();
  }
  EXPECT_EQ(next_row, user_rows.range(comm.rank()).size());
  if (next_row > 200) {
    EXPECT_GT(cut.batches.size(), 1U);
    EXPECT_LT(fetched, named);
  }
  EXPECT_GE(comm.sum(cut.sent_rows()), comm.sum(whole.sent_rows()));
}

TEST_F(AlsTest, RowsAreCutWhereTheirColumnsBecomeTooMany) {
  const std::vector<Index> offsets{0, 2, 2, 4, 7, 8, 9};
  const std::vector<LocalIndex> columns{0, 1, 1, 2, 2, 3, 4, 0, 0};
  const auto cut = [&](Index most) { return cut_rows(offsets, columns, 5, most); };
  EXPECT_EQ(cut(5), (std::vector<RowRange>{{0, 6}}));
  EXPECT_EQ(cut(3), (std::vector<RowRange>{{0, 3}, {3, 4}, {4, 6}}));
  EXPECT_EQ(cut(2), (std::vector<RowRange>{{0, 2}, {2, 3}, {3, 4}, {4, 6}}));
  EXPECT_EQ(cut(1), (std::vector<RowRange>{{0, 2}, {2, 3}, {3, 4}, {4, 6}}));
  EXPECT_EQ(cut_rows(std::vector<Index>{0}, {}, 0, 3), (std::vector<RowRange>{{0, 0}}));
}

TEST_F(AlsTest, GivesTheSameBitsInTinyMessages) {
  const Communicator tiny = Communicator::world(MessageLimit{.elements = 3});
  const Log log(333, 200, 4000, 17);
  const AlsRun whole = run_als(comm, objectives()[4], log, 7, 2);
  const AlsRun cut = run_als(tiny, objectives()[4], log, 7, 2);
  EXPECT_EQ(whole.losses, cut.losses);
  EXPECT_EQ(whole.users, cut.users);
  EXPECT_EQ(whole.items, cut.items);
}

TEST_F(AlsTest, EverySolverGivesTheSameBitsAsOneRankWithHeavyRowsToo) {
  const Communicator self = Communicator::single();
  constexpr Index width = 50;
  const Log log(6000, 30, 60'000, 23);
  std::map<Index, Index> item_sizes;
  for (const auto& [pair, value] : log.ratings) ++item_sizes[pair.second];
  for (const kernels::RowMethod& method :
       {kernels::RowMethod(kernels::ExactRows()), kernels::RowMethod(kernels::ConjugateGradients())}) {
    const Index longest = kernels::longest_batch_row(method, width);
    ASSERT_GT(std::ranges::count_if(item_sizes, [longest](const auto& item) { return item.second > longest; }), 0);
  }
  for (const SolverChoice choice : {SolverChoice::automatic, SolverChoice::primal, SolverChoice::dual,
                                    SolverChoice::conjugate_gradients, SolverChoice::subspace}) {
    for (const std::size_t kind : {0U, 1U, 4U}) {
      const Objective objective = objectives()[kind];
      const AlsRun alone = run_als(self, objective, log, width, 2, solver_of(choice));
      const AlsRun together = run_als(comm, objective, log, width, 2, solver_of(choice));
      EXPECT_EQ(alone.losses, together.losses);
      EXPECT_EQ(alone.users, together.users);
      EXPECT_EQ(alone.items, together.items);
      const double plain = plain_loss(objective, log, together, width);
      EXPECT_NEAR(together.losses.back(), plain, 2e-5 * plain);
    }
  }
}

TEST_F(AlsTest, GivesTheSameBitsHoweverRanksShareRows) {
  const Communicator self = Communicator::single();
  constexpr Index width = 20;
  Log log(9000, 30, 60'000, 23);
  for (Index item = 0; item < log.items; ++item) log.ratings[{4444, item}] = 3;
  const std::vector<Index> sizes = row_sizes(log, Orientation::by_item);
  ASSERT_GT(std::ranges::count_if(sizes, [](Index size) { return kernels::part_count(size) > 1; }), 1);
  for (const Objective& objective : objectives()) {
    const AlsRun alone = run_als(self, objective, log, width, 2);
    for (const Index least : {width + 1, Index{2000}}) {
      const AlsRun shared = run_als(comm, objective, log, width, 2, {}, {}, {}, nullptr, least);
      EXPECT_EQ(alone.losses, shared.losses);
      EXPECT_EQ(alone.users, shared.users);
      EXPECT_EQ(alone.items, shared.items);
      const auto nodes = std::make_shared<const NodeGroup>(NodeGroup::of_consecutive(comm, 2));
      const AlsRun together = run_als(comm, objective, log, width, 2, {}, {}, {}, nodes, least);
      EXPECT_EQ(alone.losses, together.losses);
      EXPECT_EQ(alone.users, together.users);
      EXPECT_EQ(alone.items, together.items);
      if (!objective.has_closed_loss()) continue;  // needs all entries to stay in memory
      const AlsRun cut = run_als(comm, objective, log, width, 2, {}, {7, 7}, {500, 500}, nullptr, least);
      EXPECT_EQ(alone.losses, cut.losses);
      EXPECT_EQ(alone.users, cut.users);
      EXPECT_EQ(alone.items, cut.items);
    }
  }
}

TEST_F(AlsTest, RowsInHalfTheBytesGiveTheSameBitsOnAnyRanksAndNearlyTheSameLoss) {
  const Communicator self = Communicator::single();
  constexpr Index width = 20;
  Log log(3000, 60, 30'000, 31);
  const auto in_halves = [&](const Communicator& ranks, const Objective& objective, const SolverOptions& solver,
                             GatherLimit limit, int ranks_per_node) {
    const auto nodes = std::make_shared<const NodeGroup>(NodeGroup::of_consecutive(ranks, ranks_per_node));
    return run_als(ranks, objective, log, width, 3, solver, limit, limit, nodes, 1000, RowFormat::bfloat16);
  };
  for (const SolverChoice choice :
       {SolverChoice::automatic, SolverChoice::conjugate_gradients, SolverChoice::subspace}) {
    for (const std::size_t kind : {0U, 4U}) {
      const Objective objective = objectives()[kind];
      const SolverOptions solver = solver_of(choice);
      const bool shares = solver.is_exact();
      const AlsRun alone = run_als(self, objective, log, width, 3, solver, {}, {}, nullptr,
                                   shares ? 1000 : std::numeric_limits<Index>::max(), RowFormat::bfloat16);
      const AlsRun precise = run_als(comm, objective, log, width, 3, solver);
      EXPECT_NE(alone.users, precise.users);
      EXPECT_NEAR(alone.losses.back(), precise.losses.back(), 3e-3 * precise.losses.back());
      if (!shares) continue;
      for (const int ranks_per_node : {1, 3}) {
        const AlsRun together = in_halves(comm, objective, solver, {}, ranks_per_node);
        EXPECT_EQ(alone.losses, together.losses);
        EXPECT_EQ(alone.users, together.users);
        EXPECT_EQ(alone.items, together.items);
      }
    }
  }
  const AlsRun alone = in_halves(self, {}, {}, {}, 1);
  const AlsRun cut = in_halves(comm, {}, {}, {25, 25}, 1);
  EXPECT_EQ(alone.losses, cut.losses);
  EXPECT_EQ(alone.users, cut.users);
  EXPECT_EQ(alone.items, cut.items);
}

TEST_F(AlsTest, PlansTheSameSidesOnEveryRankAndSharesWhatIsUnfair) {
  const Log log(6000, 700, 60'000, 29);
  const std::vector<Index> sizes = row_sizes(log, Orientation::by_item);
  const RowRange mine = Partition::by_count(log.items, comm.size()).range(comm.rank());
  const std::span<const Index> my_sizes =
      std::span(sizes).subspan(static_cast<std::size_t>(mine.begin), static_cast<std::size_t>(mine.size()));
  const auto planned = [&](const SolverOptions& options, RowSharing sharing) {
    return plan_side(comm, options, {}, 16, log.items, log.users, my_sizes, sharing);
  };
  const SidePlan plan = planned({}, RowSharing::automatic);
  const SideWork work = side_work(sizes, {}, plan.solver, 16);
  const LayoutPlan layout(work, work, {}, comm.size(), 1);
  EXPECT_EQ(plan.shared, layout.shared_items());
  for (int rank = 0; rank < comm.size(); ++rank) EXPECT_EQ(plan.rows.range(rank), layout.item_rows().range(rank));
  if (comm.size() == 1) {
    EXPECT_TRUE(plan.shared.empty());
  }
  if (comm.size() == 7) {
    EXPECT_FALSE(plan.shared.empty());
  }
  EXPECT_TRUE(planned({}, RowSharing::off).shared.empty());
  EXPECT_TRUE(planned({.choice = SolverChoice::conjugate_gradients}, RowSharing::automatic).shared.empty());
}

TEST_F(AlsTest, PlansTheDualWhereItPays) {
  Objective implicit;
  const Log log(500, 300, 2000, 5);
  const auto longest = [&](SolverChoice choice, const Objective& objective, Index width) {
    return std::get<kernels::ExactRows>(solver_for(solver_of(choice), objective, log, Orientation::by_user, width))
        .longest_dual_row;
  };
  EXPECT_EQ(longest(SolverChoice::primal, implicit, 128), 0);
  EXPECT_EQ(longest(SolverChoice::dual, implicit, 128), 128);
  EXPECT_GT(longest(SolverChoice::automatic, implicit, 128), 16);
  EXPECT_LT(longest(SolverChoice::automatic, implicit, 128), 128);
  Objective explicit_loss;
  explicit_loss.loss = LossKind::explicit_feedback;
  EXPECT_GT(longest(SolverChoice::automatic, explicit_loss, 128), 16);
}

TEST_F(AlsTest, WorksWithMoreRanksThanRows) {
  const Log log(3, 2, 20, 1);
  for (const Objective& objective : objectives()) {
    const AlsRun run = run_als(comm, objective, log, 4, 2);
    EXPECT_TRUE(std::isfinite(run.losses.back()));
    EXPECT_EQ(run.users.size(), 3U * 16U);
  }
}

TEST_F(AlsTest, NamesTheLowestRowThatCannotBeSolvedOnEveryRank) {
  EXPECT_EQ(first_unsolvable_user(comm, nullptr), 70);
}

TEST_F(AlsTest, GramianIsTheSameForAnyPartition) {
  const Index rows = 1000;
  const auto gramian_on = [&](const Partition& partition) {
    return scaled_gramian(comm, random_factors(comm, partition, 11, 0, {9, RandomPurpose::initial_users}), 0.5);
  };
  std::vector<double> skewed(static_cast<std::size_t>(chunk_count(rows)), 0.0);
  skewed.back() = 1.0;
  const Matrix a = gramian_on(Partition::by_count(rows, comm.size()));
  const Matrix b = gramian_on(Partition::by_cost(rows, skewed, comm.size()));
  EXPECT_EQ(std::memcmp(a.row(0), b.row(0), a.bytes()), 0);
  const FactorMatrix all =
      random_factors(Communicator::single(), Partition::by_count(rows, 1), 11, 0, {9, RandomPurpose::initial_users});
  const reference::DoubleMatrix expected = reference::gramian(all.local.view());
  for (Index r = 0; r < 11; ++r) {
    for (Index c = r; c < 11; ++c)
      EXPECT_NEAR(static_cast<double>(a.row(r)[c]), 0.5 * expected.at(r, c), 1e-6 * expected.at(0, 0));
  }
}

}  // namespace
}  // namespace rankwise
