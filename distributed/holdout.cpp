#include "distributed/holdout.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "distributed/time_cuts.hpp"

namespace rankwise {

// The draw number has 32 bits; what an item index has beyond them selects another seed.
double pair_draw(std::uint64_t seed, RandomPurpose purpose, Index user, Index item) {
  const auto bits = static_cast<std::uint64_t>(item);
  const RandomStream stream(seed + (bits >> 32) * 0x9E3779B97F4A7C15ULL, purpose);
  return stream.uniform(user, static_cast<std::uint32_t>(bits));
}

EventParts hold_out_at_random(const UserEvents& rows, double fraction, std::uint64_t seed) {
  EventParts parts;
  parts.reserve(rows.events.size());
  for (Index u = 0; u < rows.users.size(); ++u) {
    for (const Event& event : rows.of(u)) {
      const double draw = pair_draw(seed, RandomPurpose::holdout, rows.users.begin + u, event.item);
      parts.push_back(draw < fraction ? EventPart::heldout : EventPart::training);
    }
  }
  return parts;
}

EventParts hold_out_last(const UserEvents& rows, Index count) {
  EventParts parts(rows.events.size(), EventPart::training);
  std::vector<std::size_t> order;
  for (Index u = 0; u < rows.users.size(); ++u) {
    const std::span<const Event> events = rows.of(u);
    if (static_cast<Index>(events.size()) <= count) continue;
    order.resize(events.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    // Events ascend by item, so comparing places breaks ties by item.
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return events[a].time != events[b].time ? events[a].time < events[b].time : a < b;
    });
    const auto first = static_cast<std::size_t>(rows.offsets[static_cast<std::size_t>(u)]);
    for (std::size_t i = order.size() - static_cast<std::size_t>(count); i < order.size(); ++i) {
      parts[first + order[i]] = EventPart::heldout;
    }
  }
  return parts;
}

TemporalHoldout hold_out_after_cut(const Communicator& comm, const UserEvents& rows, double fraction) {
  const Index total = comm.sum(static_cast<Index>(rows.events.size()));
  const Index kept = total - static_cast<Index>(std::floor(fraction * static_cast<double>(total)));
  std::vector<std::int64_t> times;
  times.reserve(rows.events.size());
  for (const Event& event : rows.events) times.push_back(event.time);
  TemporalHoldout holdout;
  holdout.last_trained = times_reaching(comm, std::move(times), std::array{kept}).front();
  holdout.parts.reserve(rows.events.size());
  for (const Event& event : rows.events) {
    holdout.parts.push_back(event.time > holdout.last_trained ? EventPart::heldout : EventPart::training);
  }
  return holdout;
}

UserHoldout hold_out_users(const UserEvents& rows, double fraction, double given_fraction, std::uint64_t seed) {
  const RandomStream users(seed, RandomPurpose::heldout_users);
  UserHoldout holdout;
  holdout.parts.assign(rows.events.size(), EventPart::training);
  std::vector<double> draws;
  for (Index u = 0; u < rows.users.size(); ++u) {
    const Index user = rows.users.begin + u;
    const std::span<const Event> events = rows.of(u);
    if (events.size() < 2 || !(users.uniform(user, 0) < fraction)) continue;
    holdout.users.push_back(u);
    draws.clear();
    for (const Event& event : events) draws.push_back(pair_draw(seed, RandomPurpose::heldout_given, user, event.item));
    // The lowest draw is always given and the highest never; among equal draws the lower item counts as lower.
    std::size_t lowest = 0;
    std::size_t highest = 0;
    for (std::size_t i = 1; i < draws.size(); ++i) {
      if (draws[i] < draws[lowest]) lowest = i;
      if (draws[i] >= draws[highest]) highest = i;
    }
    const auto first = static_cast<std::size_t>(rows.offsets[static_cast<std::size_t>(u)]);
    for (std::size_t i = 0; i < draws.size(); ++i) {
      const bool given = i == lowest || (i != highest && draws[i] < given_fraction);
      holdout.parts[first + i] = given ? EventPart::given : EventPart::heldout;
    }
  }
  return holdout;
}

}  // namespace rankwise
