// A planted matrix is the same whatever the number of ranks; its other orientation is its transpose; all of it passes
// the root.

#include "distributed/synthetic/matrix.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <iterator>
#include <tuple>
#include <utility>
#include <vector>

#include "distributed/planning/rows_at_root.hpp"
#include "distributed/synthetic/pattern.hpp"
#include "kernels/als/solve_rows.hpp"

namespace rankwise {
namespace {

struct Entry {
  Index row = 0;
  Index column = 0;
  float value = 0;
  friend bool operator==(const Entry&, const Entry&) = default;
};

void sort(std::vector<Entry>& entries) {
  std::ranges::sort(entries, {}, [](const Entry& entry) { return std::tuple(entry.row, entry.column); });
}

SyntheticShape shape_of(SyntheticKind kind, double dirt) {
  SyntheticShape shape;
  shape.kind = kind;
  shape.users = 900;
  shape.items = 700;  // more than are named
  shape.interactions = 4000;
  shape.dirt = dirt;
  shape.seed = 5;
  return shape;
}

SyntheticTask task(Index width) {
  return {.solver = {}, .objective = {}, .width = width};
}

class SyntheticMatrixTest : public testing::Test {
 protected:
  /// All ranks' entries on every rank, in the order in which ranks hold them.
  [[nodiscard]] static std::vector<Entry> gathered(const Communicator& comm, const SparseRows& rows) {
    std::vector<Entry> mine;
    for (Index r = 0; r < rows.rows.size(); ++r) {
      for (auto e = static_cast<std::size_t>(rows.offsets[static_cast<std::size_t>(r)]);
           e < static_cast<std::size_t>(rows.offsets[static_cast<std::size_t>(r) + 1]); ++e) {
        mine.push_back({rows.rows.begin + r, rows.columns[e], rows.values[e]});
      }
    }
    return comm.all_gather_varied(std::span<const Entry>(mine)).values;
  }

  Communicator comm_ = Communicator::world();
  Communicator alone_ = Communicator::single();
};

TEST_F(SyntheticMatrixTest, IsTheSameForAnyNumberOfRanks) {
  for (const SyntheticKind kind : {SyntheticKind::purchases, SyntheticKind::ratings}) {
    const SyntheticLog log(shape_of(kind, 0));
    const SyntheticMatrix whole = plant_matrix(alone_, log, task(32));
    const SyntheticMatrix part = plant_matrix(comm_, log, task(32));
    EXPECT_EQ(part.users.rows, part.user_plan.rows.range(comm_.rank()));
    EXPECT_EQ(part.items.rows, part.item_plan.rows.range(comm_.rank()));
    EXPECT_EQ(part.users.total_rows, 900);
    EXPECT_EQ(part.items.column_count, 900);
    EXPECT_EQ(part.users.column_count, part.items.total_rows);
    EXPECT_EQ(gathered(comm_, part.users), gathered(alone_, whole.users));
    EXPECT_EQ(gathered(comm_, part.items), gathered(alone_, whole.items));
  }
}

TEST_F(SyntheticMatrixTest, ItsItemsAreTheTransposeOfItsUsers) {
  const SyntheticMatrix matrix = plant_matrix(comm_, SyntheticLog(shape_of(SyntheticKind::ratings, 0)), task(16));
  std::vector<Entry> by_user = gathered(comm_, matrix.users);
  const std::vector<Entry> by_item = gathered(comm_, matrix.items);
  for (Entry& entry : by_user) std::swap(entry.row, entry.column);
  sort(by_user);
  EXPECT_EQ(by_user, by_item);
  EXPECT_GT(std::ssize(by_user), 900);
}

TEST_F(SyntheticMatrixTest, HoldsTheCleanRowsOfTheLog) {
  const SyntheticLog log(shape_of(SyntheticKind::purchases, 0.3));
  std::vector<Entry> expected;
  for (Index user = 0; user < log.shape().users; ++user) {
    for (const SyntheticRow& row : log.rows(user)) {
      if (row.dirt == SyntheticDirt::none) expected.push_back({user, row.item, static_cast<float>(row.value)});
    }
  }
  std::vector<Index> items;
  items.reserve(expected.size());
  for (const Entry& entry : expected) items.push_back(entry.column);
  std::ranges::sort(items);
  items.erase(std::unique(items.begin(), items.end()), items.end());
  for (Entry& entry : expected) entry.column = std::ranges::lower_bound(items, entry.column) - items.begin();
  sort(expected);
  const SyntheticMatrix matrix = plant_matrix(comm_, log, task(16));
  EXPECT_EQ(gathered(comm_, matrix.users), expected);
  EXPECT_EQ(matrix.items.total_rows, std::ssize(items));
  EXPECT_LT(matrix.items.total_rows, log.shape().items);
}

TEST_F(SyntheticMatrixTest, SharedRowsAreCutIntoTheirParts) {
  SyntheticShape shape = shape_of(SyntheticKind::purchases, 0);
  shape.users = 12'000;
  shape.items = 40;
  shape.interactions = 60'000;
  shape.zipf_exponent = 1.5;
  shape.zipf_flattening = 0;
  const SyntheticLog log(shape);
  SyntheticMatrix matrix = plant_matrix(comm_, log, task(16));
  const std::vector<Entry> whole = gathered(comm_, matrix.items);
  // The rows of several parts, whose parts go to all ranks in turn.
  std::vector<SharedRow> shared;
  int next = 0;
  for (Index item = 0; item < matrix.items.total_rows; ++item) {
    const Index entries = std::ranges::count(whole, item, &Entry::row);
    if (entries <= kernels::part_entries) continue;
    SharedRow& row = shared.emplace_back(SharedRow{item, entries, {}});
    for (Index part = 0; part < kernels::part_count(entries); ++part) row.ranks.push_back(next++ % comm_.size());
  }
  ASSERT_FALSE(shared.empty());
  const SparseRows parts = take_shared_parts(comm_, matrix.items, shared);
  const std::vector<SharedPart> wanted = parts_of(shared, comm_.rank());
  ASSERT_EQ(std::ssize(parts.offsets), std::ssize(wanted) + 1);
  std::vector<Entry> expected;
  for (const SharedPart& part : wanted) {
    const auto row = std::ranges::lower_bound(whole, part.row, {}, &Entry::row) + part.entries.begin;
    expected.insert(expected.end(), row, row + part.entries.size());
  }
  std::vector<Entry> held;
  for (std::size_t p = 0; p < wanted.size(); ++p) {
    for (auto e = static_cast<std::size_t>(parts.offsets[p]); e < static_cast<std::size_t>(parts.offsets[p + 1]); ++e) {
      held.push_back({wanted[p].row, parts.columns[e], parts.values[e]});
    }
  }
  EXPECT_EQ(held, expected);
  std::vector<Entry> others;
  std::ranges::copy_if(whole, std::back_inserter(others), [&shared](const Entry& entry) {
    return std::ranges::find(shared, entry.row, &SharedRow::row) == shared.end();
  });
  EXPECT_EQ(gathered(comm_, matrix.items), others);
}

TEST_F(SyntheticMatrixTest, PassesTheRootAsThePatternOfAPlan) {
  const SyntheticLog log(shape_of(SyntheticKind::purchases, 0));
  const SyntheticMatrix matrix = plant_matrix(comm_, log, task(16));
  const SyntheticPattern pattern(log);
  std::vector<std::vector<Index>> expected;
  const auto append = [](std::vector<std::vector<Index>>& all, const PatternRows& rows) {
    EXPECT_EQ(rows.first_row, std::ssize(all));
    for (std::size_t r = 0; r + 1 < rows.offsets.size(); ++r) {
      all.emplace_back(rows.columns.begin() + rows.offsets[r], rows.columns.begin() + rows.offsets[r + 1]);
    }
  };
  pattern.for_each_block([&](const PatternRows& rows) { append(expected, rows); });
  std::vector<std::vector<Index>> visited;
  visit_at_root(comm_, matrix.users, [&](const PatternRows& rows) { append(visited, rows); });
  const std::vector<Index> user_sizes = row_sizes_at_root(comm_, matrix.users);
  const std::vector<Index> item_sizes = row_sizes_at_root(comm_, matrix.items);
  if (comm_.is_root()) {
    EXPECT_EQ(visited, expected);
    EXPECT_EQ(user_sizes, pattern.user_sizes());
    EXPECT_EQ(item_sizes, pattern.item_sizes());
  } else {
    EXPECT_TRUE(visited.empty() && user_sizes.empty() && item_sizes.empty());
  }
}

}  // namespace
}  // namespace rankwise
