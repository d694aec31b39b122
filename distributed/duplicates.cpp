#include "distributed/duplicates.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace rankwise {

namespace {
/// The end of the run of events on the item of events[begin].
std::size_t end_of_pair(std::span<const Event> events, std::size_t begin) {
  std::size_t end = begin + 1;
  while (end < events.size() && events[end].item == events[begin].item) ++end;
  return end;
}

/// Rows that equal an earlier row of the same pair.
Index count_exact(std::span<const Event> pair) {
  std::vector<std::tuple<double, std::int64_t>> seen;
  seen.reserve(pair.size());
  for (const Event& event : pair) seen.emplace_back(event.value, event.time);
  std::sort(seen.begin(), seen.end());
  return seen.end() - std::unique(seen.begin(), seen.end());
}

double resolved_value(std::span<const Event> pair, DuplicatePolicy policy) {
  double sum = 0;
  double largest = pair.front().value;
  const Event* last = &pair.front();
  for (const Event& event : pair) {
    sum += event.value;
    largest = std::max(largest, event.value);
    if (event.time >= last->time) last = &event;
  }
  switch (policy) {
    case DuplicatePolicy::sum:
      return sum;
    case DuplicatePolicy::mean:
      return sum / static_cast<double>(pair.size());
    case DuplicatePolicy::max:
      return largest;
    case DuplicatePolicy::last:
    case DuplicatePolicy::error:
      break;
  }
  return last->value;
}

/// The earliest row that repeats a pair and is `wanted` beside the row before on it.
template <class Wanted>
RepeatedPair earliest_pair(const UserEvents& rows, const Wanted& wanted) {
  RepeatedPair earliest;
  for (Index u = 0; u < rows.users.size(); ++u) {
    const std::span<const Event> events = rows.of(u);
    for (std::size_t i = 1; i < events.size(); ++i) {
      if (events[i].item == events[i - 1].item && events[i].position < earliest.second &&
          wanted(events[i - 1], events[i])) {
        earliest = {events[i].position, events[i - 1].position};
      }
    }
  }
  return earliest;
}
}  // namespace

RepeatedPair earliest_repeat(const UserEvents& rows) {
  return earliest_pair(rows, [](const Event&, const Event&) { return true; });
}

RepeatedPair earliest_contradiction(const UserEvents& rows) {
  return earliest_pair(rows, [](const Event& before, const Event& event) { return event.fold != before.fold; });
}

DuplicateCounts resolve_duplicates(UserEvents& rows, DuplicatePolicy policy) {
  DuplicateCounts counts;
  std::size_t kept = 0;
  for (Index u = 0; u < rows.users.size(); ++u) {
    const std::span<const Event> events = std::as_const(rows).of(u);
    rows.offsets[static_cast<std::size_t>(u)] =
        static_cast<Index>(kept);  // events is a span already: offsets may change
    for (std::size_t begin = 0; begin < events.size();) {
      const std::size_t end = end_of_pair(events, begin);
      Event one = events[begin];
      if (end - begin > 1) {
        const std::span<const Event> pair = events.subspan(begin, end - begin);
        one.value = resolved_value(pair, policy);
        for (const Event& event : pair) one.time = std::max(one.time, event.time);
        counts.repeated += static_cast<Index>(pair.size()) - 1;
        counts.exact += count_exact(pair);
      }
      rows.events[kept++] = one;
      begin = end;
    }
  }
  rows.offsets.back() = static_cast<Index>(kept);
  rows.events.resize(kept);
  return counts;
}

}  // namespace rankwise
