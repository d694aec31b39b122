#include "distributed/splits/holdout.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <span>
#include <utility>

#include "distributed/log/time_cuts.hpp"
#include "distributed/rows/id_keys.hpp"
#include "kernels/base/philox.hpp"

namespace rankwise {

namespace {

void put(std::span<Event> pair, EventPart part) {
  for (Event& row : pair) row.part = part;
}

/// What a user did with an item at one time.
struct ItemTime {
  std::int64_t time_microseconds = 0;
  double draw = 0;
  Index item = 0;
  friend auto operator<=>(const ItemTime&, const ItemTime&) = default;
};

}  // namespace

EventKeys event_keys(const Communicator& comm, const IdRows& users, const IdRows& items) {
  const std::vector<std::uint64_t> mine = id_keys(items.ids);
  return {id_keys(users.ids), comm.all_gather_varied(std::span(mine)).values};
}

void hold_out_at_random(UserEvents& rows, const EventKeys& keys, double fraction, std::uint64_t seed) {
  for (Index u = 0; u < rows.users.size(); ++u) {
    for_each_pair(rows.of(u), [&](std::span<Event> pair) {
      const double draw = pair_draw(seed, RandomPurpose::holdout, keys.users[at(u)], keys.items[at(pair.front().item)]);
      put(pair, draw < fraction ? EventPart::heldout : EventPart::training);
    });
  }
}

void hold_out_items(UserEvents& rows, const EventKeys& keys, double fraction, std::uint64_t seed) {
  const RandomStream items(seed, RandomPurpose::heldout_items);
  for (Event& row : rows.events) {
    const double draw = items.uniform(static_cast<Index>(keys.items[at(row.item)]), 0);
    row.part = draw < fraction ? EventPart::heldout : EventPart::training;
  }
}

void hold_out_last(UserEvents& rows, const EventKeys& keys, Index count, std::uint64_t seed) {
  std::vector<ItemTime> all;
  for (Index u = 0; u < rows.users.size(); ++u) {
    const std::span<Event> events = rows.of(u);
    const auto item_time = [&](const Event& row) {
      const double draw = pair_draw(seed, RandomPurpose::holdout_ties, keys.users[at(u)], keys.items[at(row.item)]);
      return ItemTime{row.time_microseconds, draw, row.item};
    };
    all.clear();
    for (const Event& row : events) all.push_back(item_time(row));
    std::ranges::sort(all);
    all.erase(std::unique(all.begin(), all.end()), all.end());
    if (std::ssize(all) <= count) continue;
    const ItemTime first = all[all.size() - static_cast<std::size_t>(count)];
    for (Event& row : events) row.part = item_time(row) < first ? EventPart::training : EventPart::heldout;
  }
}

std::int64_t hold_out_after_cut(const Communicator& comm, UserEvents& rows, double fraction) {
  std::vector<std::int64_t> times_microseconds;
  times_microseconds.reserve(rows.events.size());
  for (Index u = 0; u < rows.users.size(); ++u) {
    for_each_pair(rows.of(u), [&](std::span<Event> pair) {
      const auto first = times_microseconds.size();
      for (const Event& row : pair) times_microseconds.push_back(row.time_microseconds);
      const auto of_pair = times_microseconds.begin() + static_cast<std::ptrdiff_t>(first);
      std::sort(of_pair, times_microseconds.end());
      times_microseconds.erase(std::unique(of_pair, times_microseconds.end()), times_microseconds.end());
    });
  }
  const Index total = comm.sum(static_cast<Index>(times_microseconds.size()));
  const Index kept = total - static_cast<Index>(std::floor(fraction * static_cast<double>(total)));
  const std::int64_t last_trained_microseconds =
      times_reaching(comm, std::move(times_microseconds), std::array{kept}).front();
  for (Event& row : rows.events)
    row.part = row.time_microseconds > last_trained_microseconds ? EventPart::heldout : EventPart::training;
  return last_trained_microseconds;
}

std::vector<Index> hold_out_users(UserEvents& rows, const EventKeys& keys, double fraction, double given_fraction,
                                  std::uint64_t seed) {
  const RandomStream users(seed, RandomPurpose::heldout_users);
  std::vector<Index> heldout;
  for (Index u = 0; u < rows.users.size(); ++u) {
    const std::uint64_t user = keys.users[at(u)];
    const std::span<Event> events = rows.of(u);
    const bool is_drawn = users.uniform(static_cast<Index>(user), 0) < fraction;
    if (!is_drawn || std::ranges::count(events, true, &Event::counts) < 2) continue;
    heldout.push_back(u);
    const auto draw_of = [&](const Event& row) {
      return pair_draw(seed, RandomPurpose::heldout_given, user, keys.items[at(row.item)]);
    };
    // The lowest draw is always given and the highest never; among equal draws the lower item counts as lower.
    std::optional<std::pair<double, Index>> lowest;
    std::optional<std::pair<double, Index>> highest;
    for (const Event& row : events) {
      if (!row.counts) continue;
      const std::pair<double, Index> drawn(draw_of(row), row.item);
      if (!lowest || drawn < *lowest) lowest = drawn;
      if (!highest || drawn > *highest) highest = drawn;
    }
    for_each_pair(events, [&](std::span<Event> pair) {
      const double draw = draw_of(pair.front());
      const Index item = pair.front().item;
      const bool given = item == lowest->second || (item != highest->second && draw < given_fraction);
      put(pair, given ? EventPart::given : EventPart::heldout);
    });
  }
  return heldout;
}

void hold_out_marked(UserEvents& rows, std::span<const MarkedRow> marked, SplitMark mark) {
  for (Event& row : rows.events) {
    const auto found = std::ranges::lower_bound(marked, row.position, {}, &MarkedRow::position);
    const bool is_held_out = found != marked.end() && found->position == row.position && found->mark == mark;
    row.part = is_held_out ? EventPart::heldout : EventPart::training;
  }
}

}  // namespace rankwise
