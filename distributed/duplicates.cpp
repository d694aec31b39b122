#include "distributed/duplicates.hpp"

#include <algorithm>
#include <cmath>
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

/// In input order; 0 if it is within the rounding errors of the values (products of two numbers) and of their addition,
/// as that of a purchase and its return.
double sum_of(std::span<const Event> rows) {
  double sum = 0;
  double magnitude = 0;
  for (const Event& row : rows) {
    sum += row.value;
    magnitude += std::fabs(row.value);
  }
  constexpr double half_ulp = std::numeric_limits<double>::epsilon() / 2;
  const double error = half_ulp * static_cast<double>(rows.size() + 2) * magnitude;
  return std::fabs(sum) <= error ? 0 : sum;
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

double merged_value(std::span<const Event> rows, DuplicatePolicy policy) {
  switch (policy) {
    case DuplicatePolicy::sum:
      return sum_of(rows);
    case DuplicatePolicy::mean:
      return sum_of(rows) / static_cast<double>(rows.size());
    case DuplicatePolicy::max:
      return std::ranges::max_element(rows, {}, &Event::value)->value;
    case DuplicatePolicy::last:
    case DuplicatePolicy::error:
      break;
  }
  const Event* last = &rows.front();
  for (const Event& row : rows) {
    if (row.time >= last->time) last = &row;
  }
  return last->value;
}

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
        one.value = merged_value(pair, policy);
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
