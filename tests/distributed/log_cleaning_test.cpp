// Owners of users, duplicates, rare rows and hold-outs against plain computations on the whole log.

#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <set>

#include "distributed/duplicates.hpp"
#include "distributed/holdout.hpp"
#include "distributed/rare_rows.hpp"

namespace rankwise {
namespace {

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
    return events_by_user(comm_, mine, Partition::by_count(log.users, comm_.size()), log.items);
  }

  /// All ranks' events, on every rank; `parts` chooses some.
  Pairs gathered(const UserEvents& events, const EventParts* parts = nullptr, EventPart part = EventPart::training) {
    std::vector<Interaction> mine;
    for (Index u = 0; u < events.users.size(); ++u) {
      for (auto e = static_cast<std::size_t>(events.offsets[static_cast<std::size_t>(u)]);
           e < static_cast<std::size_t>(events.offsets[static_cast<std::size_t>(u) + 1]); ++e) {
        if (parts != nullptr && (*parts)[e] != part) continue;
        const Event& event = events.events[e];
        mine.push_back({events.users.begin + u, event.item, event.value, event.time, event.position});
      }
    }
    Pairs pairs;
    for (const Interaction& row : comm_.all_gather_varied(std::span<const Interaction>(mine)).values) {
      EXPECT_TRUE(pairs.emplace(Pair(row.user, row.item), Told{row.value, row.time}).second);
    }
    return pairs;
  }

  UserEvents resolved(const WholeLog& log, DuplicatePolicy policy = DuplicatePolicy::last) {
    UserEvents events = distributed(log);
    (void)resolve_duplicates(events, policy);
    return events;
  }

  Communicator comm_ = Communicator::world();
};

Pairs reference_pairs(const WholeLog& log, DuplicatePolicy policy) {
  std::map<Pair, std::vector<Interaction>> groups;
  for (const Interaction& row : log.rows) groups[{row.user, row.item}].push_back(row);
  Pairs pairs;
  for (auto& [pair, group] : groups) {
    Told told{0, group.front().time};
    double sum = 0;
    double largest = -1;
    for (const Interaction& row : group) {
      sum += row.value;
      largest = std::max(largest, row.value);
      told.time = std::max(told.time, row.time);
    }
    std::stable_sort(group.begin(), group.end(), [](const auto& a, const auto& b) { return a.time < b.time; });
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
      UserEvents events = distributed(log);
      const DuplicateCounts counts = resolve_duplicates(events, policy);
      const Pairs expected = reference_pairs(log, policy);
      EXPECT_EQ(gathered(events), expected);
      std::set<std::tuple<Index, Index, double, std::int64_t>> different;
      for (const Interaction& row : log.rows) different.emplace(row.user, row.item, row.value, row.time);
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
  EXPECT_EQ(earliest_repeat(resolved(log)).second, RepeatedPair{}.second);
}

TEST_F(LogCleaningTest, RareRowsAreDroppedUntilBothBoundsHold) {
  for (const auto& [min_user, min_item] :
       std::vector<std::pair<Index, Index>>{{1, 1}, {2, 1}, {1, 3}, {5, 6}, {9, 12}, {500, 1}}) {
    const WholeLog log = random_log(300, 150, 1500, 5);
    UserEvents events = resolved(log);
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
    const RareCounts counts = drop_rare(comm_, events, min_user, min_item, kept);
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
  const UserEvents events = resolved(random_log(900, 400, 20'000, 6));
  const EventParts parts = hold_out_at_random(events, 0.2, 42);
  const Pairs heldout = gathered(events, &parts, EventPart::heldout);
  const double share = static_cast<double>(heldout.size()) / static_cast<double>(gathered(events).size());
  EXPECT_NEAR(share, 0.2, 0.02);
  // The same choice from a single rank's view: draws know neither ranks nor neighbours.
  for (Index u = 0; u < events.users.size(); ++u) {
    for (const Event& event : events.of(u)) {
      UserEvents alone;
      alone.users = {events.users.begin + u, events.users.begin + u + 1};
      alone.items = events.items;
      alone.offsets = {0, 1};
      alone.events = {event};
      const bool out = hold_out_at_random(alone, 0.2, 42).front() == EventPart::heldout;
      EXPECT_EQ(out, heldout.contains({events.users.begin + u, event.item}));
    }
  }
  const EventParts other_seed = hold_out_at_random(events, 0.2, 43);
  EXPECT_NE(gathered(events, &other_seed, EventPart::heldout), heldout);
  // A larger fraction holds out a superset.
  const EventParts more = hold_out_at_random(events, 0.5, 42);
  for (std::size_t e = 0; e < parts.size(); ++e) {
    EXPECT_TRUE(parts[e] != EventPart::heldout || more[e] == EventPart::heldout);
  }
}

TEST_F(LogCleaningTest, LeaveLastLikeThePlainReference) {
  const UserEvents events = resolved(random_log(300, 60, 1500, 7));
  const Pairs all = gathered(events);
  for (const Index count : {1, 2, 5}) {
    std::map<Index, std::vector<std::pair<std::int64_t, Index>>> by_user;
    for (const auto& [pair, told] : all) by_user[pair.first].emplace_back(told.time, pair.second);
    Pairs expected;
    for (auto& [user, list] : by_user) {
      if (std::ssize(list) <= count) continue;
      std::sort(list.begin(), list.end());
      for (Index i = 0; i < count; ++i) {
        const auto& [time, item] = list[list.size() - 1 - static_cast<std::size_t>(i)];
        expected[{user, item}] = all.at({user, item});
      }
    }
    const EventParts parts = hold_out_last(events, count);
    EXPECT_EQ(gathered(events, &parts, EventPart::heldout), expected);
  }
}

TEST_F(LogCleaningTest, TemporalHoldsOutAtMostTheFractionFromOneCutOn) {
  WholeLog log = random_log(300, 60, 1500, 8);
  for (Interaction& row : log.rows) row.time = (row.position * 7919 % 101 - 50) * (std::int64_t{1} << 50);
  const UserEvents events = resolved(log);
  const Pairs all = gathered(events);
  std::vector<std::int64_t> times;
  for (const auto& [pair, told] : all) times.push_back(told.time);
  std::sort(times.begin(), times.end());
  for (const double fraction : {0.001, 0.1, 0.5, 0.999}) {
    const auto allowed = static_cast<Index>(fraction * static_cast<double>(all.size()));
    const TemporalHoldout holdout = hold_out_after_cut(comm_, events, fraction);
    const Pairs heldout = gathered(events, &holdout.parts, EventPart::heldout);
    EXPECT_LE(std::ssize(heldout), allowed);
    for (const auto& [pair, told] : all) EXPECT_EQ(heldout.contains(pair), told.time > holdout.last_trained);
    // The next earlier distinct time would hold out too many.
    const auto earlier =
        times.end() - std::count_if(times.begin(), times.end(), [&](auto t) { return t > holdout.last_trained; });
    ASSERT_NE(earlier, times.begin());
    const auto first_of_time = std::lower_bound(times.begin(), times.end(), *(earlier - 1));
    EXPECT_GT(times.end() - first_of_time, allowed);
  }
  const TemporalHoldout nothing = hold_out_after_cut(comm_, distributed(random_log(5, 5, 0, 9)), 0.5);
  EXPECT_TRUE(nothing.parts.empty());
}

TEST_F(LogCleaningTest, HeldOutUsersHaveBothParts) {
  const UserEvents events = resolved(random_log(2000, 300, 9000, 10));
  const Pairs all = gathered(events);
  std::map<Index, Index> sizes;
  for (const auto& [pair, told] : all) ++sizes[pair.first];
  for (const double given_fraction : {0.01, 0.8, 0.99}) {
    const UserHoldout holdout = hold_out_users(events, 0.3, given_fraction, 5);
    std::vector<Index> mine = holdout.users;
    for (Index& user : mine) user += events.users.begin;
    const std::vector<Index> users = comm_.all_gather_varied(std::span<const Index>(mine)).values;
    const Pairs given = gathered(events, &holdout.parts, EventPart::given);
    const Pairs heldout = gathered(events, &holdout.parts, EventPart::heldout);
    const Pairs training = gathered(events, &holdout.parts, EventPart::training);
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
    EXPECT_EQ(holdout.users, hold_out_users(events, 0.3, 0.5, 5).users);
  }
}

}  // namespace
}  // namespace rankwise
