// What is held out of a log, against plain computations, and that no draw knows other users or items.

#include "distributed/splits/holdout.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "distributed/rows/id_keys.hpp"
#include "kernels/base/philox.hpp"
#include "tests/distributed/log/log_case.hpp"

namespace rankwise {
namespace {

/// Row numbers as ids.
IdRows numbered(RowRange rows, Index total_rows) {
  std::vector<std::int64_t> ids;
  for (Index row = rows.begin; row < rows.end; ++row) ids.push_back(row);
  return {rows, total_rows, ids};
}

struct NamedRow {
  std::string user;
  std::string item;
  std::int64_t time_microseconds = 0;
};

class HoldOutTest : public LogCase {
 protected:
  EventKeys keys_of(const UserEvents& events) {
    const RowRange items = Partition::by_count(events.items, comm_.size()).range(comm_.rank());
    return event_keys(comm_, numbered(events.users, events.total_users), numbered(items, events.items));
  }

  /// Where `hold_out(events, keys)` puts each user and item, by their names. The log's order is that of `rows`.
  template <class HoldOut>
  std::map<std::pair<std::string, std::string>, EventPart> parts_of(const std::vector<NamedRow>& rows,
                                                                    const HoldOut& hold_out) {
    std::set<std::string> user_set;
    std::set<std::string> item_set;
    for (const NamedRow& row : rows) {
      user_set.insert(row.user);
      item_set.insert(row.item);
    }
    const std::vector<std::string> users(user_set.begin(), user_set.end());
    const std::vector<std::string> items(item_set.begin(), item_set.end());
    const auto place = [](const std::vector<std::string>& names, const std::string& name) {
      return Index{std::ranges::lower_bound(names, name) - names.begin()};
    };
    WholeLog log{std::ssize(users), std::ssize(items), {}};
    for (const NamedRow& row : rows) {
      log.rows.push_back(
          {place(users, row.user), place(items, row.item), 1, row.time_microseconds, std::ssize(log.rows)});
    }
    UserEvents events = marked(log);
    const auto share = [](const std::vector<std::string>& names, RowRange range) -> IdRows {
      return {range, std::ssize(names),
              std::vector<std::string>(names.begin() + range.begin, names.begin() + range.end)};
    };
    const RowRange held_items = Partition::by_count(events.items, comm_.size()).range(comm_.rank());
    hold_out(events, event_keys(comm_, share(users, events.users), share(items, held_items)));
    std::map<std::pair<std::string, std::string>, EventPart> parts;
    for (const EventPart part : {EventPart::training, EventPart::heldout, EventPart::given}) {
      for (const auto& [pair, told] : gathered(events, part)) {
        parts[{users[static_cast<std::size_t>(pair.first)], items[static_cast<std::size_t>(pair.second)]}] = part;
      }
    }
    return parts;
  }
};

TEST(IdKeys, OfAnIntegerAndItsDigitsAreOne) {
  const std::vector<std::uint64_t> of_integers = id_keys(std::vector<std::int64_t>{0, 7, 9'000'000'000'000'000'000});
  EXPECT_EQ(of_integers, id_keys(std::vector<std::string>{"0", "7", "9000000000000000000"}));
  EXPECT_NE(of_integers[0], of_integers[1]);
  EXPECT_EQ(id_keys(std::vector<std::string>{"ann"}).front(), 0x482C89484CBD62C8ULL);  // what xxhsum -H3 says, too
}

TEST_F(HoldOutTest, NoDrawKnowsOtherUsersOrTheOrderOfRows) {
  std::vector<NamedRow> rows;
  std::mt19937 random(12);
  for (int row = 0; row < 3000; ++row) {
    rows.push_back({"u" + std::to_string(random() % 90), "i" + std::to_string(random() % 40), 77});
  }
  // One user less and one more, who comes first by name; rows in another order.
  std::vector<NamedRow> others;
  std::ranges::copy_if(rows, std::back_inserter(others), [](const NamedRow& row) { return row.user != "u37"; });
  for (int item = 0; item < 5; ++item) others.push_back({"a-new-one", "i" + std::to_string(item), 77});
  std::shuffle(others.begin(), others.end(), random);
  const auto expect_alike = [&](const auto& hold_out) {
    const auto parts = parts_of(rows, hold_out);
    const auto parts_of_others = parts_of(others, hold_out);
    std::set<EventPart> seen;
    for (const auto& [pair, part] : parts) {
      seen.insert(part);
      if (pair.first == "u37") continue;
      EXPECT_EQ(parts_of_others.at(pair), part) << pair.first << " " << pair.second;
    }
    EXPECT_GE(seen.size(), 2U);
  };
  expect_alike([](UserEvents& events, const EventKeys& keys) { hold_out_at_random(events, keys, 0.3, 5); });
  expect_alike([](UserEvents& events, const EventKeys& keys) { hold_out_items(events, keys, 0.3, 5); });
  expect_alike([](UserEvents& events, const EventKeys& keys) { hold_out_last(events, keys, 2, 5); });
  expect_alike([](UserEvents& events, const EventKeys& keys) { (void)hold_out_users(events, keys, 0.3, 0.5, 5); });
}

TEST_F(HoldOutTest, ItemsAreHeldOutWhole) {
  UserEvents events = marked(random_log(300, 400, 9000, 13));
  hold_out_items(events, keys_of(events), 0.25, 1);
  std::map<Index, std::set<EventPart>> parts;
  for (const EventPart part : {EventPart::training, EventPart::heldout}) {
    for (const auto& [pair, told] : gathered(events, part)) parts[pair.second].insert(part);
  }
  Index held_out = 0;
  for (const auto& [item, seen] : parts) {
    EXPECT_EQ(seen.size(), 1U) << item;
    held_out += seen.contains(EventPart::heldout) ? 1 : 0;
  }
  EXPECT_NEAR(static_cast<double>(held_out) / static_cast<double>(parts.size()), 0.25, 0.06);
}

TEST_F(HoldOutTest, MarkedRowsAreThoseOfTheMarkAlone) {
  const WholeLog log = random_log(60, 30, 500, 14);
  std::vector<MarkedRow> rows;
  std::set<std::int64_t> expected;
  for (std::int64_t position = 0; position < 500; position += 3) {
    const SplitMark mark = position % 2 == 0 ? SplitMark::heldout : SplitMark::validation;
    rows.push_back({position, mark});
    if (mark == SplitMark::heldout) expected.insert(position);
  }
  UserEvents events = marked(log, {}, SplitUnit::marked_rows);
  hold_out_marked(events, rows, SplitMark::heldout);
  EXPECT_EQ(positions(events, EventPart::heldout), expected);
}

TEST(MarkedInteractionsOfAColumn, CountIfAnyRowsMakeOne) {
  const MergeRules rules{.duplicates = DuplicatePolicy::sum, .min_total = 3.0};
  const auto can_be = [&](const std::vector<double>& values, SplitUnit unit) {
    UserEvents events;
    events.users = {0, 1};
    events.total_users = events.items = 1;
    for (const double value : values) events.events.push_back({.value = value, .position = std::ssize(events.events)});
    events.offsets = {0, std::ssize(values)};
    return mark_interactions(events, rules, unit) == 0;
  };
  EXPECT_TRUE(can_be({2, -4, 2}, SplitUnit::marked_rows));
  EXPECT_FALSE(can_be({2, -4, 2}, SplitUnit::pairs));
  EXPECT_FALSE(can_be({2, -4}, SplitUnit::marked_rows));
}

TEST_F(HoldOutTest, RandomHoldOutDependsOnPairAndSeedOnly) {
  UserEvents events = marked(random_log(900, 400, 20'000, 6));
  const EventKeys keys = keys_of(events);
  hold_out_at_random(events, keys, 0.2, 42);
  const Pairs heldout = gathered(events, EventPart::heldout);
  const Pairs all = gathered(events);
  EXPECT_NEAR(static_cast<double>(heldout.size()) / static_cast<double>(all.size()), 0.2, 0.02);
  EXPECT_EQ(heldout.size() + gathered(events, EventPart::training).size(), all.size()) << "rows of a pair go together";
  // The same choice from a single rank's view: draws know neither ranks nor neighbours.
  EventKeys key_alone{.users = {0}, .items = keys.items};
  for (Index u = 0; u < events.users.size(); ++u) {
    key_alone.users = {keys.users[static_cast<std::size_t>(u)]};
    for (const Event& event : events.of(u)) {
      UserEvents alone;
      alone.users = {events.users.begin + u, events.users.begin + u + 1};
      alone.items = events.items;
      alone.offsets = {0, 1};
      alone.events = {event};
      hold_out_at_random(alone, key_alone, 0.2, 42);
      EXPECT_EQ(alone.events.front().part, event.part);
    }
  }
  UserEvents others = events;
  hold_out_at_random(others, keys, 0.2, 43);
  EXPECT_NE(gathered(others, EventPart::heldout), heldout);
  // A larger fraction holds out a superset.
  hold_out_at_random(others, keys, 0.5, 42);
  for (std::size_t e = 0; e < events.events.size(); ++e) {
    EXPECT_TRUE(events.events[e].part != EventPart::heldout || others.events[e].part == EventPart::heldout);
  }
}

TEST_F(HoldOutTest, LeaveLastLikeThePlainReference) {
  const WholeLog log = random_log(300, 60, 1500, 7);
  for (const Index count : {1, 2, 5}) {
    // Distinct (time, draw, item) of each user: ties of time are broken by the draw of the pair.
    std::map<Index, std::set<std::tuple<std::int64_t, double, Index>>> by_user;
    const auto key = [&](const Interaction& row) {
      const auto name = [](Index id) { return id_keys(std::vector<std::int64_t>{id}).front(); };
      return std::tuple(row.time_microseconds,
                        pair_draw(9, RandomPurpose::holdout_ties, name(row.user), name(row.item)), row.item);
    };
    for (const Interaction& row : log.rows) by_user[row.user].insert(key(row));
    std::set<std::int64_t> expected;
    for (const Interaction& row : log.rows) {
      const auto& keys = by_user[row.user];
      const auto later = std::distance(keys.find(key(row)), keys.end());
      if (std::ssize(keys) > count && later <= count) expected.insert(row.position);
    }
    UserEvents events = marked(log, {}, SplitUnit::rows);
    hold_out_last(events, keys_of(events), count, 9);
    EXPECT_EQ(positions(events, EventPart::heldout), expected);
  }
}

TEST_F(HoldOutTest, LeaveLastChoosesFromABasketByChanceNotById) {
  // One time for all that a user bought.
  WholeLog log{500, 10, {}};
  for (Index row = 0; row < 5000; ++row) log.rows.push_back({row / 10, row % 10, 1, 77, row});
  const auto chosen_items = [&](std::uint64_t seed) {
    UserEvents events = marked(log, {}, SplitUnit::rows);
    hold_out_last(events, keys_of(events), 1, seed);
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

TEST_F(HoldOutTest, TemporalHoldsOutAtMostTheFractionFromOneCutOn) {
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

TEST_F(HoldOutTest, HeldOutUsersHaveBothParts) {
  const UserEvents all_events = marked(random_log(2000, 300, 9000, 10));
  const Pairs all = gathered(all_events);
  std::map<Index, Index> sizes;
  for (const auto& [pair, told] : all) ++sizes[pair.first];
  for (const double given_fraction : {0.01, 0.8, 0.99}) {
    UserEvents events = all_events;
    const std::vector<Index> local_users = hold_out_users(events, keys_of(events), 0.3, given_fraction, 5);
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
    EXPECT_EQ(local_users, hold_out_users(others, keys_of(others), 0.3, 0.5, 5));
  }
}

}  // namespace
}  // namespace rankwise
