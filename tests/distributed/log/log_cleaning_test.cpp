// Owners of users, duplicates, rare rows and hold-outs against plain computations on the whole log.

#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <tuple>

#include "distributed/log/duplicates.hpp"
#include "distributed/log/holdout.hpp"
#include "distributed/log/k_core.hpp"

namespace rankwise {
namespace {

/// One row of a log, its ids replaced by global indices.
struct Interaction {
  Index user = 0;
  Index item = 0;
  double value = 0;
  std::int64_t time_microseconds = 0;
  std::int64_t position = 0;
};

IndexedRows columns_of(const std::vector<Interaction>& rows) {
  IndexedRows columns;
  columns.timed = true;
  for (const Interaction& row : rows) {
    columns.users.push_back(static_cast<std::int32_t>(row.user));
    columns.items.push_back(static_cast<std::int32_t>(row.item));
    columns.values.push_back(row.value);
    columns.times_microseconds.push_back(row.time_microseconds);
    columns.positions.push_back(row.position);
  }
  return columns;
}

struct WholeLog {
  Index users = 0;
  Index items = 0;
  std::vector<Interaction> rows;  // in input order, the same on every rank
};

WholeLog random_log(Index users, Index items, int count, unsigned seed) {
  std::mt19937 random(seed);
  WholeLog log{users, items, {}};
  for (int i = 0; i < count; ++i) {
    const auto user = static_cast<Index>(random() % static_cast<unsigned>(users)) / (1 + i % 4);
    const auto item = static_cast<Index>(random() % static_cast<unsigned>(items)) / (1 + i % 3);
    log.rows.push_back(
        {user, item, 0.1 * static_cast<double>(random() % 7), static_cast<std::int64_t>(random() % 5), i});
  }
  return log;
}

using Pair = std::pair<Index, Index>;

/// The first row of each pair.
WholeLog without_repeats(const WholeLog& log) {
  WholeLog first{log.users, log.items, {}};
  std::set<Pair> seen;
  for (const Interaction& row : log.rows) {
    if (seen.insert({row.user, row.item}).second) first.rows.push_back(row);
  }
  return first;
}

struct Told {
  double value = 0;
  std::int64_t time = 0;
  friend bool operator==(const Told&, const Told&) = default;
};
using Pairs = std::map<Pair, Told>;

class LogCleaningTest : public testing::Test {
 protected:
  UserEvents distributed(const WholeLog& log) {
    std::vector<Interaction> mine;
    std::mt19937 random(3);
    for (const Interaction& row : log.rows) {
      if (static_cast<int>(random() % static_cast<unsigned>(comm_.size())) == comm_.rank()) mine.push_back(row);
    }
    std::shuffle(mine.begin(), mine.end(), random);
    const int threads = 1 + static_cast<int>(log.rows.size() % 4);
    return events_by_user(comm_, columns_of(mine), Partition::by_count(log.users, comm_.size()), log.items, threads);
  }

  /// The interactions of all ranks, or those of one part, on every rank.
  Pairs gathered(const UserEvents& events, const MergeRules& rules = {}, std::optional<EventPart> part = {}) {
    std::vector<Interaction> mine;
    for (Index u = 0; u < events.users.size(); ++u) {
      for_each_pair(events.of(u), [&](std::span<const Event> pair) {
        const std::optional<Event> merged = part ? merged_part(pair, *part, rules) : merged_pair(pair, rules);
        if (merged) mine.push_back({events.users.begin + u, merged->item, merged->value, merged->time_microseconds, 0});
      });
    }
    Pairs pairs;
    for (const Interaction& row : comm_.all_gather_varied(std::span<const Interaction>(mine)).values) {
      EXPECT_TRUE(pairs.emplace(Pair(row.user, row.item), Told{row.value, row.time_microseconds}).second);
    }
    return pairs;
  }
  Pairs gathered(const UserEvents& events, EventPart part) { return gathered(events, {}, part); }

  /// All rows in a part, by their position in the log.
  std::set<std::int64_t> positions(const UserEvents& events, EventPart part) {
    std::vector<std::int64_t> mine;
    for (const Event& event : events.events) {
      if (event.part == part) mine.push_back(event.position);
    }
    const auto all = comm_.all_gather_varied(std::span<const std::int64_t>(mine)).values;
    return {all.begin(), all.end()};
  }

  UserEvents marked(const WholeLog& log, const MergeRules& rules = {}, SplitUnit unit = SplitUnit::pairs) {
    UserEvents events = distributed(log);
    (void)mark_interactions(events, rules, unit);
    return events;
  }

  Communicator comm_ = Communicator::world();
};

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

TEST_F(LogCleaningTest, RandomHoldOutDependsOnPairAndSeedOnly) {
  UserEvents events = marked(random_log(900, 400, 20'000, 6));
  hold_out_at_random(events, 0.2, 42);
  const Pairs heldout = gathered(events, EventPart::heldout);
  const Pairs all = gathered(events);
  EXPECT_NEAR(static_cast<double>(heldout.size()) / static_cast<double>(all.size()), 0.2, 0.02);
  EXPECT_EQ(heldout.size() + gathered(events, EventPart::training).size(), all.size()) << "rows of a pair go together";
  // The same choice from a single rank's view: draws know neither ranks nor neighbours.
  for (Index u = 0; u < events.users.size(); ++u) {
    for (const Event& event : events.of(u)) {
      UserEvents alone;
      alone.users = {events.users.begin + u, events.users.begin + u + 1};
      alone.items = events.items;
      alone.offsets = {0, 1};
      alone.events = {event};
      hold_out_at_random(alone, 0.2, 42);
      EXPECT_EQ(alone.events.front().part, event.part);
    }
  }
  UserEvents others = events;
  hold_out_at_random(others, 0.2, 43);
  EXPECT_NE(gathered(others, EventPart::heldout), heldout);
  // A larger fraction holds out a superset.
  hold_out_at_random(others, 0.5, 42);
  for (std::size_t e = 0; e < events.events.size(); ++e) {
    EXPECT_TRUE(events.events[e].part != EventPart::heldout || others.events[e].part == EventPart::heldout);
  }
}

TEST_F(LogCleaningTest, LeaveLastLikeThePlainReference) {
  const WholeLog log = random_log(300, 60, 1500, 7);
  for (const Index count : {1, 2, 5}) {
    // Distinct (time, draw, item) of each user: ties of time are broken by the draw of the pair.
    std::map<Index, std::set<std::tuple<std::int64_t, double, Index>>> by_user;
    const auto key = [](const Interaction& row) {
      return std::tuple(row.time_microseconds, pair_draw(9, RandomPurpose::holdout_ties, row.user, row.item), row.item);
    };
    for (const Interaction& row : log.rows) by_user[row.user].insert(key(row));
    std::set<std::int64_t> expected;
    for (const Interaction& row : log.rows) {
      const auto& keys = by_user[row.user];
      const auto later = std::distance(keys.find(key(row)), keys.end());
      if (std::ssize(keys) > count && later <= count) expected.insert(row.position);
    }
    UserEvents events = marked(log, {}, SplitUnit::rows);
    hold_out_last(events, count, 9);
    EXPECT_EQ(positions(events, EventPart::heldout), expected);
  }
}

TEST_F(LogCleaningTest, LeaveLastChoosesFromABasketByChanceNotById) {
  // One time for all that a user bought.
  WholeLog log{500, 10, {}};
  for (Index row = 0; row < 5000; ++row) log.rows.push_back({row / 10, row % 10, 1, 77, row});
  const auto chosen_items = [&](std::uint64_t seed) {
    UserEvents events = marked(log, {}, SplitUnit::rows);
    hold_out_last(events, 1, seed);
    std::map<Index, Index> items;
    for (const auto& [pair, told] : gathered(events, EventPart::heldout)) ++items[pair.second];
    return items;
  };
  const std::map<Index, Index> items = chosen_items(1);
  EXPECT_EQ(items.size(), 10U);
  for (const auto& [item, times] : items) EXPECT_NEAR(static_cast<double>(times), 50, 30) << item;
  EXPECT_EQ(items, chosen_items(1));
  EXPECT_NE(items, chosen_items(2));
}

TEST_F(LogCleaningTest, TemporalHoldsOutAtMostTheFractionFromOneCutOn) {
  WholeLog log = random_log(300, 60, 1500, 8);
  for (Interaction& row : log.rows) row.time_microseconds = (row.position * 7919 % 101 - 50) * (std::int64_t{1} << 50);
  std::set<std::tuple<Index, Index, std::int64_t>> distinct;
  for (const Interaction& row : log.rows) distinct.emplace(row.user, row.item, row.time_microseconds);
  std::vector<std::int64_t> times;
  for (const auto& [user, item, time] : distinct) times.push_back(time);
  std::sort(times.begin(), times.end());
  for (const double fraction : {0.001, 0.1, 0.5, 0.999}) {
    const auto allowed = static_cast<Index>(fraction * static_cast<double>(times.size()));
    UserEvents events = marked(log, {}, SplitUnit::rows);
    const std::int64_t last_trained = hold_out_after_cut(comm_, events, fraction);
    std::set<std::int64_t> expected;
    for (const Interaction& row : log.rows) {
      if (row.time_microseconds > last_trained) expected.insert(row.position);
    }
    EXPECT_EQ(positions(events, EventPart::heldout), expected);
    const auto held = std::ranges::count_if(times, [&](auto time) { return time > last_trained; });
    EXPECT_LE(held, allowed);
    // The next earlier distinct time would hold out too many.
    const auto earlier = times.end() - held;
    ASSERT_NE(earlier, times.begin());
    const auto first_of_time = std::lower_bound(times.begin(), times.end(), *(earlier - 1));
    EXPECT_GT(times.end() - first_of_time, allowed);
  }
  UserEvents nothing = distributed(random_log(5, 5, 0, 9));
  (void)hold_out_after_cut(comm_, nothing, 0.5);
  EXPECT_TRUE(nothing.events.empty());
}

TEST_F(LogCleaningTest, HeldOutUsersHaveBothParts) {
  const UserEvents all_events = marked(random_log(2000, 300, 9000, 10));
  const Pairs all = gathered(all_events);
  std::map<Index, Index> sizes;
  for (const auto& [pair, told] : all) ++sizes[pair.first];
  for (const double given_fraction : {0.01, 0.8, 0.99}) {
    UserEvents events = all_events;
    const std::vector<Index> local_users = hold_out_users(events, 0.3, given_fraction, 5);
    std::vector<Index> mine = local_users;
    for (Index& user : mine) user += events.users.begin;
    const std::vector<Index> users = comm_.all_gather_varied(std::span<const Index>(mine)).values;
    const Pairs given = gathered(events, EventPart::given);
    const Pairs heldout = gathered(events, EventPart::heldout);
    const Pairs training = gathered(events, EventPart::training);
    EXPECT_EQ(given.size() + heldout.size() + training.size(), all.size());
    std::map<Index, Index> given_of, heldout_of;
    for (const auto& [pair, told] : given) ++given_of[pair.first];
    for (const auto& [pair, told] : heldout) ++heldout_of[pair.first];
    EXPECT_EQ(given_of.size(), users.size());
    EXPECT_EQ(heldout_of.size(), users.size());
    Index eligible = 0;
    for (const auto& [user, size] : sizes) eligible += size >= 2 ? 1 : 0;
    EXPECT_NEAR(static_cast<double>(users.size()) / static_cast<double>(eligible), 0.3, 0.06);
    for (const Index user : users) {
      EXPECT_GE(sizes[user], 2);
      EXPECT_EQ(given_of[user] + heldout_of[user], sizes[user]);
      EXPECT_GE(given_of[user], 1);
      EXPECT_GE(heldout_of[user], 1);
    }
    // Who is held out does not depend on what is given.
    UserEvents others = all_events;
    EXPECT_EQ(local_users, hold_out_users(others, 0.3, 0.5, 5));
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
