// Folds by rules: where the bounds lie, that draws know the ids alone, and what is counted.

#include "distributed/splits/fold_rule.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "distributed/rows/partition.hpp"

namespace rankwise {
namespace {

struct Entry {
  Index user = 0;
  Index item = 0;
  float value = 0;
  std::int64_t time_seconds = 0;
};

class FoldRuleTest : public testing::Test {
 protected:
  IdRows share(const std::vector<std::string>& names) const {
    const RowRange rows = Partition::by_count(std::ssize(names), comm_.size()).range(comm_.rank());
    return {rows, std::ssize(names), std::vector<std::string>(names.begin() + rows.begin, names.begin() + rows.end)};
  }

  /// The training part that `entries` make, which ascend by user and item.
  Dataset dataset_of(const std::vector<std::string>& users, const std::vector<std::string>& items,
                     const std::vector<Entry>& entries) const {
    Dataset dataset;
    dataset.users = share(users);
    dataset.items = share(items);
    SparseRows& rows = dataset.interactions;
    rows.rows = dataset.users.rows;
    rows.total_rows = std::ssize(users);
    rows.column_count = std::ssize(items);
    rows.times_seconds.emplace();
    for (Index user = rows.rows.begin; user < rows.rows.end; ++user) {
      for (const Entry& entry : entries) {
        if (entry.user != user) continue;
        rows.columns.push_back(entry.item);
        rows.values.push_back(entry.value);
        rows.times_seconds->push_back(entry.time_seconds);
      }
      rows.offsets.push_back(std::ssize(rows.columns));
    }
    return dataset;
  }

  /// The fold of each user and item, over all ranks.
  std::map<std::pair<Index, Index>, std::int32_t> folds_of(const SparseRows& rows) const {
    struct Told {
      Index user, item;
      std::int32_t fold;
    };
    std::vector<Told> mine;
    for (Index r = 0; r < rows.rows.size(); ++r) {
      for (Index e = rows.offsets[static_cast<std::size_t>(r)]; e < rows.offsets[static_cast<std::size_t>(r) + 1];
           ++e) {
        const auto entry = static_cast<std::size_t>(e);
        mine.push_back({rows.rows.begin + r, rows.columns[entry], (*rows.folds)[entry]});
      }
    }
    std::map<std::pair<Index, Index>, std::int32_t> folds;
    for (const Told& told : comm_.all_gather_varied(std::span<const Told>(mine)).values) {
      folds[{told.user, told.item}] = told.fold;
    }
    return folds;
  }

  Communicator comm_ = Communicator::world();
};

TEST_F(FoldRuleTest, ABoundBelongsToTheFoldThatItBegins) {
  const std::vector<Entry> entries{{0, 0, 9.5F, 99}, {0, 1, 10, 100}, {1, 0, 49, 101}, {1, 1, 50, 200}, {2, 1, -3, 50}};
  const auto folds_by = [&](const FoldRule& rule) {
    Dataset dataset = dataset_of({"a", "b", "c"}, {"x", "y"}, entries);
    assign_folds(comm_, rule, 0, dataset);
    EXPECT_EQ(dataset.fold_origin, rule.origin);
    EXPECT_EQ(count_folds(comm_, dataset.interactions, 3), (std::vector<Index>{2, 2, 1}));
    return folds_of(dataset.interactions);
  };
  const std::map<std::pair<Index, Index>, std::int32_t> expected{
      {{0, 0}, 0}, {{0, 1}, 1}, {{1, 0}, 1}, {{1, 1}, 2}, {{2, 1}, 0}};
  EXPECT_EQ(folds_by({.origin = FoldOrigin::bands, .cuts_seconds = {}, .bounds = {10, 50}}), expected);
  EXPECT_EQ(folds_by({.origin = FoldOrigin::times, .cuts_seconds = {100, 200}, .bounds = {}}), expected);
}

TEST_F(FoldRuleTest, DrawsKnowTheIdsAlone) {
  std::vector<std::string> users;
  std::vector<std::string> items;
  std::vector<Entry> entries;
  for (Index user = 0; user < 200; ++user) users.push_back(std::to_string(1000 + user));
  for (Index item = 0; item < 20; ++item) items.push_back("i" + std::to_string(100 + item));
  for (Index user = 0; user < 200; ++user) {
    for (Index item = user % 3; item < 20; item += 3) entries.push_back({user, item, 1, 0});
  }
  for (const FoldOrigin origin : {FoldOrigin::interactions, FoldOrigin::users}) {
    const FoldRule rule{.origin = origin, .count = 4, .cuts_seconds = {}, .bounds = {}};
    Dataset whole = dataset_of(users, items, entries);
    assign_folds(comm_, rule, 3, whole);
    const auto folds = folds_of(whole.interactions);
    for (const Index count : count_folds(comm_, whole.interactions, 4)) {
      EXPECT_NEAR(static_cast<double>(count), static_cast<double>(entries.size()) / 4, 110);
    }
    // The same without the first user and the first item.
    std::vector<Entry> fewer;
    for (const Entry& entry : entries) {
      if (entry.user > 0 && entry.item > 0) fewer.push_back({entry.user - 1, entry.item - 1, 1, 0});
    }
    Dataset part = dataset_of({users.begin() + 1, users.end()}, {items.begin() + 1, items.end()}, fewer);
    assign_folds(comm_, rule, 3, part);
    std::map<Index, std::set<std::int32_t>> of_user;
    for (const auto& [pair, fold] : folds_of(part.interactions)) {
      EXPECT_EQ(folds.at({pair.first + 1, pair.second + 1}), fold);
      of_user[pair.first].insert(fold);
    }
    const auto is_whole = [](const auto& of_one) { return of_one.second.size() == 1; };
    EXPECT_EQ(std::ranges::all_of(of_user, is_whole), origin == FoldOrigin::users);
    Dataset by_other_seed = dataset_of(users, items, entries);
    assign_folds(comm_, rule, 4, by_other_seed);
    EXPECT_NE(folds_of(by_other_seed.interactions), folds);
  }
}

TEST_F(FoldRuleTest, FoldsOfTheLogAreLeftAlone) {
  Dataset dataset = dataset_of({"a"}, {"x"}, {{0, 0, 1, 0}});
  assign_folds(comm_, {}, 0, dataset);
  EXPECT_FALSE(dataset.interactions.folds.has_value());
}

}  // namespace
}  // namespace rankwise
