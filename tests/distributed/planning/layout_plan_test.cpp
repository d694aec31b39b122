// What a layout computes and exchanges, against sets built the plain way, without MPI.

#include "distributed/planning/layout_plan.hpp"

#include <gtest/gtest.h>
#include <numeric>
#include <random>
#include <set>

#include "distributed/planning/epoch_model.hpp"
#include "distributed/planning/side_plan.hpp"
#include "kernels/als/solve_rows.hpp"

namespace rankwise {
namespace {

constexpr Index width = 24;
constexpr kernels::ExactRows method{width};

/// A matrix with Zipf-like columns, rows of 0 to 60 entries, by user.
struct Pattern {
  Index items = 0;
  std::vector<Index> offsets{0};
  std::vector<Index> columns;

  [[nodiscard]] Index users() const { return static_cast<Index>(offsets.size()) - 1; }
  [[nodiscard]] std::vector<Index> user_sizes() const {
    std::vector<Index> sizes;
    for (std::size_t r = 0; r + 1 < offsets.size(); ++r) sizes.push_back(offsets[r + 1] - offsets[r]);
    return sizes;
  }
  [[nodiscard]] std::vector<Index> item_sizes() const {
    std::vector<Index> sizes(static_cast<std::size_t>(items));
    for (const Index item : columns) ++sizes[static_cast<std::size_t>(item)];
    return sizes;
  }
};

Pattern random_pattern(Index users, Index items) {
  std::mt19937 random(7);
  Pattern pattern;
  pattern.items = items;
  for (Index user = 0; user < users; ++user) {
    std::set<Index> row;
    const auto wanted = random() % 61;
    for (unsigned e = 0; e < wanted; ++e) {
      const double u = std::uniform_real_distribution<double>(0, 1)(random);
      row.insert(static_cast<Index>(u * u * u * static_cast<double>(items)));
    }
    pattern.columns.insert(pattern.columns.end(), row.begin(), row.end());
    pattern.offsets.push_back(static_cast<Index>(pattern.columns.size()));
  }
  return pattern;
}

SideWork work_of(const std::vector<Index>& sizes) {
  return side_work(sizes, Objective(), method, width);
}

LayoutPlan planned(const Pattern& pattern, int ranks, int ranks_per_node = 1) {
  LayoutPlan plan(work_of(pattern.user_sizes()), work_of(pattern.item_sizes()), Objective(), ranks, ranks_per_node);
  // In blocks whose boundaries fall where they like.
  const Index block = 37;
  for (Index begin = 0; begin < pattern.users(); begin += block) {
    const Index end = std::min(begin + block, pattern.users());
    std::vector<Index> offsets;
    const Index first = pattern.offsets[static_cast<std::size_t>(begin)];
    for (Index r = begin; r <= end; ++r) offsets.push_back(pattern.offsets[static_cast<std::size_t>(r)] - first);
    plan.add({begin, offsets,
              std::span(pattern.columns)
                  .subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(offsets.back()))});
  }
  return plan;
}

/// The needed rows of each node as sets, who owns them, and what follows.
std::vector<RankShare> plain_traffic(const std::vector<std::set<Index>>& needed, const Partition& owners,
                                     const NodeMap& nodes) {
  std::vector<RankShare> shares(static_cast<std::size_t>(nodes.ranks()));
  std::set<std::pair<int, int>> messages;
  for (int node = 0; node < nodes.nodes(); ++node) {
    const std::set<Index>& rows = needed[static_cast<std::size_t>(node)];
    for (const int member : nodes.members(node)) {
      shares[static_cast<std::size_t>(member)].needed_rows = static_cast<Index>(rows.size());
    }
    for (const Index row : rows) {
      const int owner = owners.owner(row);
      RankShare& sender = shares[static_cast<std::size_t>(owner)];
      if (nodes.node(owner) == node) {
        ++sender.own_rows;
        continue;
      }
      const int receiver = nodes.receiver(node, owner);
      ++shares[static_cast<std::size_t>(receiver)].received_rows;
      ++sender.sent_rows;
      messages.insert({owner, receiver});
    }
  }
  for (const auto& [sender, receiver] : messages) {
    ++shares[static_cast<std::size_t>(sender)].receivers;
    ++shares[static_cast<std::size_t>(receiver)].senders;
  }
  return shares;
}

void expect_same_traffic(const std::vector<RankShare>& actual, const std::vector<RankShare>& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t rank = 0; rank < actual.size(); ++rank) {
    EXPECT_EQ(actual[rank].needed_rows, expected[rank].needed_rows) << "rank " << rank;
    EXPECT_EQ(actual[rank].own_rows, expected[rank].own_rows) << "rank " << rank;
    EXPECT_EQ(actual[rank].received_rows, expected[rank].received_rows) << "rank " << rank;
    EXPECT_EQ(actual[rank].sent_rows, expected[rank].sent_rows) << "rank " << rank;
    EXPECT_EQ(actual[rank].senders, expected[rank].senders) << "rank " << rank;
    EXPECT_EQ(actual[rank].receivers, expected[rank].receivers) << "rank " << rank;
  }
}

/// The rank that sums a row's entry at `place`.
int reader(const Partition& partition, const std::vector<SharedRow>& shared, Index row, Index place) {
  const auto found = std::ranges::find(shared, row, &SharedRow::row);
  if (found == shared.end()) return partition.owner(row);
  return found->ranks[static_cast<std::size_t>(place / kernels::part_length(found->entries))];
}

/// Items that so many users have are shared by many ranks; so are some users with very many items.
Pattern pattern_with_long_rows() {
  Pattern pattern = random_pattern(20'001, 7000);
  for (const Index user : {Index{70}, Index{9000}, Index{20'000}}) {
    Pattern longer{pattern.items, {0}, {}};
    for (Index u = 0; u < pattern.users(); ++u) {
      const auto begin = pattern.columns.begin() + pattern.offsets[static_cast<std::size_t>(u)];
      const auto end = pattern.columns.begin() + pattern.offsets[static_cast<std::size_t>(u) + 1];
      if (u == user) {
        for (Index item = 0; item < pattern.items; item += 1) longer.columns.push_back(item);
      } else {
        longer.columns.insert(longer.columns.end(), begin, end);
      }
      longer.offsets.push_back(static_cast<Index>(longer.columns.size()));
    }
    pattern = std::move(longer);
  }
  return pattern;
}

TEST(LayoutPlan, NeedsWhatPlainSetsNeedOnAnyNumberOfRanksAndNodes) {
  const Pattern pattern = pattern_with_long_rows();
  for (const auto& [ranks, ranks_per_node] :
       {std::pair{1, 1}, {2, 1}, {2, 2}, {7, 1}, {7, 3}, {300, 1}, {300, 7}, {4096, 1}, {4096, 64}}) {
    SCOPED_TRACE(ranks);
    SCOPED_TRACE(ranks_per_node);
    const LayoutPlan plan = planned(pattern, ranks, ranks_per_node);
    const NodeMap nodes = NodeMap::consecutive(ranks, ranks_per_node);
    if (ranks == 1) {
      EXPECT_TRUE(plan.shared_users().empty() && plan.shared_items().empty());
    }
    if (ranks == 300) {
      EXPECT_FALSE(plan.shared_users().empty() || plan.shared_items().empty());
    }
    std::vector<std::set<Index>> items_needed(static_cast<std::size_t>(nodes.nodes()));
    std::vector<std::set<Index>> users_needed(static_cast<std::size_t>(nodes.nodes()));
    std::vector<Index> seen(static_cast<std::size_t>(pattern.items));
    for (Index user = 0; user < pattern.users(); ++user) {
      for (Index e = pattern.offsets[static_cast<std::size_t>(user)];
           e < pattern.offsets[static_cast<std::size_t>(user) + 1]; ++e) {
        const Index item = pattern.columns[static_cast<std::size_t>(e)];
        const Index place = e - pattern.offsets[static_cast<std::size_t>(user)];
        const Index item_place = seen[static_cast<std::size_t>(item)]++;
        const int of_user = reader(plan.user_rows(), plan.shared_users(), user, place);
        const int of_item = reader(plan.item_rows(), plan.shared_items(), item, item_place);
        items_needed[static_cast<std::size_t>(nodes.node(of_user))].insert(item);
        users_needed[static_cast<std::size_t>(nodes.node(of_item))].insert(user);
      }
    }
    expect_same_traffic(plan.user_sweep(), plain_traffic(items_needed, plan.item_rows(), nodes));
    expect_same_traffic(plan.item_sweep(), plain_traffic(users_needed, plan.user_rows(), nodes));
  }
}

TEST(LayoutPlan, RanksOfOneNodeSendNothing) {
  const LayoutPlan plan = planned(random_pattern(3001, 700), 6, 6);
  for (const auto* sweep : {&plan.user_sweep(), &plan.item_sweep()}) {
    Index own = 0;
    for (const RankShare& share : *sweep) {
      EXPECT_EQ(share.sent_rows, 0);
      EXPECT_EQ(share.gathered_rows(), (share.needed_rows + 5) / 6);
      own += share.own_rows;
    }
    EXPECT_EQ(own, sweep->front().needed_rows);
  }
}

TEST(LayoutPlan, PartitionsAsTheRunDoes) {
  const Pattern pattern = random_pattern(3001, 700);
  for (const int ranks : {1, 2, 7, 4096}) {
    const LayoutPlan plan = planned(pattern, ranks);
    const auto costs = [](const std::vector<Index>& sizes) { return chunk_costs(sizes, Objective(), method, width); };
    EXPECT_EQ(plan.user_rows(), Partition::by_cost(3001, costs(pattern.user_sizes()), ranks));
    EXPECT_EQ(plan.item_rows(), Partition::by_cost(700, costs(pattern.item_sizes()), ranks));
  }
}

TEST(LayoutPlan, SharesAddUpToTheWhole) {
  const Pattern pattern = random_pattern(3001, 700);
  const auto entries = static_cast<Index>(pattern.columns.size());
  double flops = 0;
  for (const Index size : pattern.user_sizes()) flops += kernels::solve_row_flops(size, width) + width * (width + 1);
  for (const int ranks : {1, 2, 7, 4096}) {
    const LayoutPlan plan = planned(pattern, ranks);
    for (const auto* sweep : {&plan.user_sweep(), &plan.item_sweep()}) {
      Index counted = 0;
      Index rows = 0;
      Index sent = 0;
      Index received = 0;
      for (const RankShare& share : *sweep) {
        counted += share.entries;
        rows += share.rows.size();
        sent += share.sent_rows;
        received += share.received_rows;
        EXPECT_GE(share.entries, 0);
      }
      EXPECT_EQ(counted, entries);
      EXPECT_EQ(rows, sweep == &plan.user_sweep() ? 3001 : 700);
      EXPECT_EQ(sent, received);
      EXPECT_GE(imbalance(*sweep, &RankShare::solve_seconds), 1.0);
    }
    const double counted_flops = std::accumulate(plan.user_sweep().begin(), plan.user_sweep().end(), 0.0,
                                                 [](double sum, const RankShare& share) { return sum + share.flops; });
    EXPECT_NEAR(counted_flops, flops, 1e-9 * flops);
  }
}

TEST(LayoutPlan, SharedRowsMakeRanksFair) {
  const Pattern pattern = pattern_with_long_rows();
  for (const int ranks : {1, 2, 3, 4, 7}) {
    const LayoutPlan plan = planned(pattern, ranks);
    EXPECT_LE(imbalance(plan.user_sweep(), &RankShare::solve_seconds), 1.05) << ranks;
    EXPECT_LE(imbalance(plan.item_sweep(), &RankShare::solve_seconds), 1.05) << ranks;
  }
}

TEST(LayoutPlan, OneRankSendsNothing) {
  const LayoutPlan plan = planned(random_pattern(500, 100), 1);
  EXPECT_EQ(plan.user_sweep()[0].sent_rows, 0);
  EXPECT_EQ(plan.item_sweep()[0].received_rows, 0);
  EXPECT_EQ(imbalance(plan.user_sweep(), &RankShare::solve_seconds), 1.0);
}

TEST(LayoutPlan, NothingAtAllIsPlannedToo) {
  const LayoutPlan plan(work_of({}), work_of({}), Objective(), 3, 2);
  EXPECT_EQ(plan.ranks(), 3);
  EXPECT_EQ(plan.user_sweep()[2].needed_rows, 0);
  EXPECT_EQ(imbalance(plan.user_sweep(), &RankShare::solve_seconds), 1.0);
}

AlsCosts costs() {
  return {
      .objective = {}, .user_method = kernels::ExactRows{width}, .item_method = kernels::ExactRows{0}, .width = width};
}

TEST(EpochModel, ThreadsDivideWorkAndRanksTakeTimeToExchange) {
  const Pattern pattern = random_pattern(20'000, 700);
  const LayoutPlan one = planned(pattern, 1);
  const LayoutPlan four = planned(pattern, 4);
  const NetworkRate slow{.latency_seconds = 1e-3, .bytes_per_second = 1e6};
  const EpochCost alone = predict_epoch(one, costs(), {}, slow, 1);
  EXPECT_GT(alone.seconds(), 0);
  EXPECT_NEAR(predict_epoch(one, costs(), {}, slow, 2).items.max_compute_seconds, alone.items.max_compute_seconds / 2,
              1e-9);
  EXPECT_NEAR(predict_epoch(one, costs(), {.users = 1, .items = 3}, slow, 1).items.max_compute_seconds,
              3 * alone.items.max_compute_seconds, 1e-9);
  const EpochCost spread = predict_epoch(four, costs(), {}, slow, 1);
  EXPECT_LT(spread.users.max_compute_seconds, 0.5 * alone.users.max_compute_seconds);
  EXPECT_GT(spread.users.max_transfer_seconds, 3 * slow.latency_seconds);
  EXPECT_GE(spread.users.seconds, spread.users.max_compute_seconds);
  EXPECT_GE(spread.users.max_compute_seconds, spread.users.mean_compute_seconds);
}

TEST(EpochModel, MemoryHoldsTheMatrixTwiceAndFallsWithRanks) {
  const Pattern pattern = random_pattern(20'000, 700);
  const auto entries = static_cast<Index>(pattern.columns.size());
  const Index alone = rank_memory_bytes(planned(pattern, 1), costs(), 0, 1);
  EXPECT_GT(alone, entries * (8 + 8 + 8));
  EXPECT_LT(rank_memory_bytes(planned(pattern, 4), costs(), 3, 1), alone * 6 / 10);
  EXPECT_LT(rank_memory_bytes(planned(pattern, 4, 4), costs(), 3, 1),
            rank_memory_bytes(planned(pattern, 4, 1), costs(), 3, 1));
  EXPECT_EQ(row_bytes(width), 128);  // 24 floats in two lines of 16
}

}  // namespace
}  // namespace rankwise
