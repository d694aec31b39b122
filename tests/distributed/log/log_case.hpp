#pragma once
// Small logs on all ranks, their events at the owners of their users, and what is gathered of these.

#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/log/duplicates.hpp"
#include "distributed/log/events.hpp"

namespace rankwise {

/// One row of a log, its ids replaced by global indices.
struct Interaction {
  Index user = 0;
  Index item = 0;
  double value = 0;
  std::int64_t time_microseconds = 0;
  std::int64_t position = 0;
};

inline IndexedRows columns_of(const std::vector<Interaction>& rows) {
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

inline WholeLog random_log(Index users, Index items, int count, unsigned seed) {
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
inline WholeLog without_repeats(const WholeLog& log) {
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

class LogCase : public testing::Test {
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

}  // namespace rankwise
