// Robust deviations, places of held-out items and pairs that are taken out, against plain loops, on any number of
// ranks.

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/denoising/edited_pairs.hpp"
#include "distributed/denoising/item_places.hpp"
#include "distributed/denoising/robust_scale.hpp"
#include "distributed/log/select_part.hpp"
#include "distributed/rows/partition.hpp"

namespace rankwise {
namespace {

TEST(RobustScale, IsTheMedianDeviationOfAllRanks) {
  const Communicator comm = Communicator::world();
  const std::vector<double> errors{-2, 0.5, 1, 1.5, 100, -0.25, 3};
  std::vector<double> mine;
  for (std::size_t e = 0; e < errors.size(); ++e) {
    if (static_cast<int>(e % static_cast<std::size_t>(comm.size())) == comm.rank()) mine.push_back(errors[e]);
  }
  // median 1; deviations 0, 0.5, 0.5, 1.25, 2, 3, 99: median 1.25
  const auto scale = robust_scale(comm, mine);
  ASSERT_TRUE(scale);
  EXPECT_NEAR(*scale, 1.25 / 0.6744897501960817, 1e-12);
  EXPECT_FALSE(robust_scale(comm, {}));
  EXPECT_FALSE(robust_scale(comm, std::vector<double>{2, 2, 2}));
}

/// A matrix of which each rank has its rows by count.
SparseRows rows_of(const Communicator& comm, const std::vector<std::vector<Index>>& columns, Index column_count) {
  SparseRows rows{.rows = Partition::by_count(std::ssize(columns), comm.size()).range(comm.rank()),
                  .total_rows = std::ssize(columns),
                  .column_count = column_count,
                  .columns = {},
                  .values = {}};
  for (Index row = rows.rows.begin; row < rows.rows.end; ++row) {
    for (const Index column : columns[static_cast<std::size_t>(row)]) {
      rows.columns.push_back(column);
      rows.values.push_back(static_cast<float>(100 * row + column + 1));
    }
    rows.offsets.push_back(std::ssize(rows.columns));
  }
  return rows;
}

constexpr Index item_count = 11;
const std::vector<std::vector<Index>> seen{{0, 3}, {1}, {}, {2, 4, 6, 8}, {5}};
const std::vector<std::vector<Index>> heldout{{1, 7, 10}, {0, 2}, {3}, {}, {0, 1, 2, 3, 4, 6, 7, 8}};
constexpr Index cold_item = 10;

/// Small whole numbers, so that scores are exact and many are equal.
float factor_of(Index row, Index column, Index step) {
  return static_cast<float>((row * step + column * 2) % 4);
}

FactorMatrix factors_of(const Communicator& comm, Index rows, Index step) {
  FactorMatrix factors{Partition::by_count(rows, comm.size()), {}};
  const RowRange mine = factors.partition.range(comm.rank());
  factors.local = Matrix(mine.size(), 2);
  for (Index row = mine.begin; row < mine.end; ++row) {
    for (Index column = 0; column < 2; ++column)
      factors.local.row(row - mine.begin)[column] = factor_of(row, column, step);
  }
  return factors;
}

double score_of(Index user, Index item) {
  double sum = 0;
  for (Index column = 0; column < 2; ++column)
    sum += double{factor_of(user, column, 3)} * double{factor_of(item, column, 5)};
  return sum;
}

TEST(ItemPlaces, CountWhatScoresAboveAmongOtherCandidates) {
  const Communicator comm = Communicator::world();
  const FactorMatrix users = factors_of(comm, std::ssize(seen), 3);
  const FactorMatrix items = factors_of(comm, item_count, 5);
  Catalogue catalogue{.users = std::ssize(seen), .entries = std::vector<Index>(item_count, 1)};
  catalogue.entries[cold_item] = 0;
  const HeldoutRows rows{users.partition, rows_of(comm, heldout, item_count), rows_of(comm, seen, item_count)};
  const Objective objective;
  const ItemPlaces places = place_items(comm, {objective, users.local.view(), items}, catalogue, rows);
  std::size_t entry = 0;
  for (Index user = rows.heldout.rows.begin; user < rows.heldout.rows.end; ++user) {
    const auto& known = seen[static_cast<std::size_t>(user)];
    const auto& targets = heldout[static_cast<std::size_t>(user)];
    for (const Index target : targets) {
      double above = 0;
      double others = 0;
      for (Index item = 0; item < item_count; ++item) {
        if (item == cold_item || std::ranges::find(known, item) != known.end() ||
            std::ranges::find(targets, item) != targets.end())
          continue;
        others += 1;
        above += score_of(user, item) > score_of(user, target)    ? 1
                 : score_of(user, item) == score_of(user, target) ? 0.5
                                                                  : 0;
      }
      if (known.empty() || target == cold_item) {
        EXPECT_TRUE(std::isnan(places.percentiles[entry])) << user << " " << target;
      } else {
        EXPECT_DOUBLE_EQ(places.percentiles[entry], 100 * above / others) << user << " " << target;
        EXPECT_EQ(places.scores[entry], score_of(user, target));
      }
      ++entry;
    }
  }
}

/// A dataset of one matrix, with times.
Dataset dataset_of(const Communicator& comm, const std::vector<std::vector<Index>>& columns) {
  Dataset dataset;
  dataset.items.total_rows = item_count;
  dataset.interactions = rows_of(comm, columns, item_count);
  dataset.interactions.times_seconds.emplace();
  for (const float value : dataset.interactions.values)
    dataset.interactions.times_seconds->push_back(static_cast<std::int64_t>(value) * 10);
  dataset.interactions_by_item = transpose(comm, dataset.interactions, Partition::by_count(item_count, comm.size()));
  return dataset;
}

std::vector<TrainedPair> mine_of(const Dataset& dataset, const std::vector<TrainedPair>& all) {
  std::vector<TrainedPair> mine;
  std::ranges::copy_if(all, std::back_inserter(mine),
                       [&](const TrainedPair& pair) { return dataset.interactions.rows.contains(pair.user); });
  return mine;
}

TEST(EditedPairs, DroppedOnesAreGoneBothWaysWithTheirTimes) {
  const Communicator comm = Communicator::world();
  Dataset dataset = dataset_of(comm, heldout);
  drop_pairs(comm, mine_of(dataset, {{0, 7}, {2, 3}, {4, 0}, {4, 8}}), dataset);
  const Dataset expected = dataset_of(comm, {{1, 10}, {0, 2}, {}, {}, {1, 2, 3, 4, 6, 7}});
  for (const auto side : {&Dataset::interactions, &Dataset::interactions_by_item}) {
    EXPECT_EQ((dataset.*side).offsets, (expected.*side).offsets);
    EXPECT_EQ((dataset.*side).columns, (expected.*side).columns);
    EXPECT_EQ((dataset.*side).values, (expected.*side).values);
    EXPECT_EQ((dataset.*side).times_seconds, (expected.*side).times_seconds);
  }
}

TEST(EditedPairs, WeighedOnesAreSmallerBothWays) {
  const Communicator comm = Communicator::world();
  Dataset dataset = dataset_of(comm, heldout);
  weigh_pairs(comm, mine_of(dataset, {{1, 2}, {4, 4}}), 0.25, dataset);
  double sum = 0;
  double sum_by_item = 0;
  for (const float value : dataset.interactions.values) sum += double{value};
  for (const float value : dataset.interactions_by_item.values) sum_by_item += double{value};
  double expected = 0;
  const SparseRows whole = rows_of(comm, heldout, item_count);
  for (const float value : whole.values) expected += double{value};
  for (const auto& [user, item] : mine_of(dataset, {{1, 2}, {4, 4}}))
    expected -= 0.75 * static_cast<double>(100 * user + item + 1);
  EXPECT_DOUBLE_EQ(sum, expected);
  EXPECT_EQ(comm.sum(static_cast<Index>(4 * sum)), comm.sum(static_cast<Index>(4 * sum_by_item)));
}

}  // namespace
}  // namespace rankwise
