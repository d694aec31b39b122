// Owners of users, duplicates and rare rows against plain computations on the whole log.

#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <tuple>

#include "distributed/log/duplicates.hpp"
#include "distributed/log/k_core.hpp"
#include "tests/distributed/log/log_case.hpp"

namespace rankwise {
namespace {

class LogCleaningTest : public LogCase {};

Pairs reference_pairs(const WholeLog& log, DuplicatePolicy policy) {
  std::map<Pair, std::vector<Interaction>> groups;
  for (const Interaction& row : log.rows) groups[{row.user, row.item}].push_back(row);
  Pairs pairs;
  for (auto& [pair, group] : groups) {
    Told told{0, group.front().time_microseconds};
    double sum = 0;
    double largest = -1;
    for (const Interaction& row : group) {
      sum += row.value;
      largest = std::max(largest, row.value);
      told.time = std::max(told.time, row.time_microseconds);
    }
    std::stable_sort(group.begin(), group.end(),
                     [](const auto& a, const auto& b) { return a.time_microseconds < b.time_microseconds; });
    told.value = policy == DuplicatePolicy::sum    ? sum
                 : policy == DuplicatePolicy::mean ? sum / static_cast<double>(group.size())
                 : policy == DuplicatePolicy::max  ? largest
                                                   : group.back().value;
    pairs[pair] = told;
  }
  return pairs;
}

TEST_F(LogCleaningTest, DuplicatesLikeThePlainReference) {
  for (const DuplicatePolicy policy :
       {DuplicatePolicy::sum, DuplicatePolicy::last, DuplicatePolicy::max, DuplicatePolicy::mean}) {
    for (const WholeLog& log : {random_log(200, 90, 4000, 1), random_log(1, 1, 9, 2), random_log(700, 3, 0, 3)}) {
      const UserEvents events = distributed(log);
      const DuplicateCounts counts = count_duplicates(events);
      const Pairs expected = reference_pairs(log, policy);
      EXPECT_EQ(gathered(events, {.duplicates = policy}), expected);
      std::set<std::tuple<Index, Index, double, std::int64_t>> different;
      for (const Interaction& row : log.rows) different.emplace(row.user, row.item, row.value, row.time_microseconds);
      EXPECT_EQ(comm_.sum(counts.repeated), std::ssize(log.rows) - std::ssize(expected));
      EXPECT_EQ(comm_.sum(counts.exact), std::ssize(log.rows) - std::ssize(different));
    }
  }
}

TEST_F(LogCleaningTest, TheEarliestRepeatIsFound) {
  const WholeLog log = random_log(50, 40, 300, 4);
  std::map<Pair, std::int64_t> seen;
  RepeatedPair expected;
  for (const Interaction& row : log.rows) {
    const auto [place, fresh] = seen.emplace(Pair(row.user, row.item), row.position);
    if (!fresh) {
      expected = {row.position, place->second};
      break;
    }
  }
  const RepeatedPair mine = earliest_repeat(distributed(log));
  const std::int64_t earliest = comm_.min(mine.second);
  EXPECT_EQ(earliest, expected.second);
  EXPECT_TRUE(mine.second != earliest || mine.first == expected.first);
  EXPECT_EQ(earliest_repeat(distributed(without_repeats(log))).second, RepeatedPair{}.second);
}

TEST_F(LogCleaningTest, KCoreIsKeptUntilBothBoundsHold) {
  for (const auto& [min_user, min_item] :
       std::vector<std::pair<Index, Index>>{{1, 1}, {2, 1}, {1, 3}, {5, 6}, {9, 12}, {500, 1}}) {
    const WholeLog log = random_log(300, 150, 1500, 5);
    UserEvents events = marked(log);
    const Pairs before = gathered(events);
    Pairs expected = before;
    for (std::size_t size = expected.size() + 1; size != expected.size();) {
      size = expected.size();
      std::map<Index, Index> of_user, of_item;
      for (const auto& [pair, told] : expected) {
        ++of_user[pair.first];
        ++of_item[pair.second];
      }
      std::erase_if(expected, [&](const auto& entry) {
        return of_user[entry.first.first] < min_user || of_item[entry.first.second] < min_item;
      });
    }
    std::set<Index> users, items;
    for (const auto& [pair, told] : expected) {
      users.insert(pair.first);
      items.insert(pair.second);
    }
    KeptRows kept;
    const RowRange held = events.users;
    const DroppedCounts counts = keep_k_core(comm_, events, min_user, min_item, kept);
    for (Index& user : kept.users) user += held.begin;
    const std::vector<Index> kept_users = comm_.all_gather_varied(std::span<const Index>(kept.users)).values;
    EXPECT_EQ(kept_users, std::vector<Index>(users.begin(), users.end()));
    EXPECT_EQ(kept.items, std::vector<Index>(items.begin(), items.end()));
    EXPECT_EQ(events.total_users, std::ssize(users));
    EXPECT_EQ(events.items, std::ssize(items));
    EXPECT_EQ(counts.users, log.users - std::ssize(users));
    EXPECT_EQ(counts.items, log.items - std::ssize(items));
    EXPECT_EQ(counts.events, std::ssize(before) - std::ssize(expected));
    Pairs back;
    for (const auto& [pair, told] : gathered(events)) {
      back[{kept_users[static_cast<std::size_t>(pair.first)], kept.items[static_cast<std::size_t>(pair.second)]}] =
          told;
    }
    EXPECT_EQ(back, expected);
  }
}

/// A few rows of user 0 and item 0, in the order of the input.
UserEvents rows_of_one_pair(const std::vector<std::pair<double, std::int64_t>>& value_and_time) {
  UserEvents rows;
  rows.users = {0, 1};
  rows.total_users = 1;
  rows.items = 1;
  rows.timed = true;
  for (const auto& [value, time] : value_and_time) {
    rows.events.push_back({.item = 0, .value = value, .time_microseconds = time, .position = std::ssize(rows.events)});
  }
  rows.offsets = {0, std::ssize(rows.events)};
  return rows;
}

TEST(MergedValue, OfReturnsIsExactlyNothing) {
  // In doubles 3 * 1.1 + 7 * 1.1 - 10 * 1.1 is not 0.
  const std::vector<Event> cancelled{{.value = 3 * 1.1}, {.value = 7 * 1.1}, {.value = 10 * -1.1}};
  EXPECT_EQ(merged_value(cancelled, DuplicatePolicy::sum), 0);
  EXPECT_EQ(merged_value(cancelled, DuplicatePolicy::mean), 0);
  const std::vector<Event> small{{.value = 1e9}, {.value = 0.25}, {.value = -1e9}};
  EXPECT_EQ(merged_value(small, DuplicatePolicy::sum), 0.25);
}

TEST(MarkedInteractions, OfPairsGoByTheirTotals) {
  const MergeRules rules{.duplicates = DuplicatePolicy::sum, .min_total = above_zero};
  UserEvents returned = rows_of_one_pair({{5, 10}, {-5, 20}});
  EXPECT_EQ(mark_interactions(returned, rules, SplitUnit::pairs), 1);
  // Its rows remain for folds in time, which may lie before the return.
  EXPECT_EQ(returned.events.size(), 2U);
  EXPECT_EQ(std::ranges::count(returned.events, true, &Event::counts), 0);
  UserEvents untimed = rows_of_one_pair({{5, 0}, {-5, 0}});
  untimed.timed = false;
  EXPECT_EQ(mark_interactions(untimed, rules, SplitUnit::pairs), 1);
  EXPECT_TRUE(untimed.events.empty());
  EXPECT_EQ(untimed.offsets, (std::vector<Index>{0, 0}));
  UserEvents kept = rows_of_one_pair({{5, 10}, {-4, 20}});
  EXPECT_EQ(mark_interactions(kept, rules, SplitUnit::pairs), 0);
  EXPECT_EQ(std::ranges::count(kept.events, true, &Event::counts), 1);
}

TEST(MarkedInteractions, OfRowsAreThoseThatSomeTimeSpanMakes) {
  const MergeRules rules{.duplicates = DuplicatePolicy::sum, .min_total = 3.0};
  const auto can_be = [&](const std::vector<std::pair<double, std::int64_t>>& rows) {
    UserEvents events = rows_of_one_pair(rows);
    return mark_interactions(events, rules, SplitUnit::rows) == 0;
  };
  EXPECT_TRUE(can_be({{2, 1}, {2, 2}, {-4, 3}}));
  EXPECT_TRUE(can_be({{-4, 3}, {2, 1}, {2, 2}})) << "by time, not by the order of the input";
  EXPECT_FALSE(can_be({{2, 1}, {-4, 2}, {2, 3}}));
  EXPECT_TRUE(can_be({{0.1, 1}, {0.2, 2}, {2.7, 3}})) << "rounding refuses nothing";
}

TEST(MarkedParts, AreJudgedEachByItself) {
  const MergeRules rules{.duplicates = DuplicatePolicy::sum, .min_total = above_zero};
  UserEvents rows = rows_of_one_pair({{5, 10}, {-5, 20}});
  rows.events[1].part = EventPart::heldout;
  const RefusedParts refused = mark_parts(rows, rules);
  EXPECT_EQ(refused.training, 0);
  EXPECT_EQ(refused.heldout, 1);
  EXPECT_FALSE(is_repeated(rows.of(0), rules));
  EXPECT_EQ(merged_part(rows.of(0), EventPart::training, rules)->value, 5);
  EXPECT_FALSE(merged_part(rows.of(0), EventPart::heldout, rules));
  EXPECT_FALSE(merged_pair(rows.of(0), rules));
}

}  // namespace
}  // namespace rankwise
