#include "distributed/profiles/log_span.hpp"

#include <algorithm>
#include <functional>
#include <vector>

#include "kernels/base/time_units.hpp"

namespace rankwise {

namespace {

/// The first `count` of all ranks' in the order of `before`.
template <class Before>
std::vector<std::int64_t> first_of(const Communicator& comm, std::span<const std::int64_t> times, std::size_t count,
                                   const Before& before) {
  std::vector<std::int64_t> mine(times.begin(), times.end());
  const std::size_t kept = std::min(count, mine.size());
  std::partial_sort(mine.begin(), mine.begin() + static_cast<std::ptrdiff_t>(kept), mine.end(), before);
  mine.resize(kept);
  std::vector<std::int64_t> all = comm.all_gather_varied(std::span<const std::int64_t>(mine)).values;
  std::ranges::sort(all, before);
  all.resize(std::min(count, all.size()));
  return all;
}

}  // namespace

bool LogSpan::reaches(std::int64_t microseconds) const {
  return seconds_of(microseconds) - end_seconds < seconds_per_day;
}

bool LogSpan::begins_by(std::int64_t microseconds) const {
  return begin_seconds - seconds_of(microseconds) <= seconds_per_day;
}

LogSpan log_span(const Communicator& comm, std::span<const std::int64_t> times_seconds, std::int64_t first_seconds,
                 std::int64_t last_seconds) {
  LogSpan span{first_seconds, last_seconds, 0};
  const Index orders = comm.sum(std::ssize(times_seconds));
  const Index doubted = std::min({std::max<Index>(3, orders / 1000), orders / 10, Index{1000}});
  if (doubted == 0) return span;
  const auto count = static_cast<std::size_t>(doubted) + 1;
  const std::vector<std::int64_t> latest = first_of(comm, times_seconds, count, std::greater<>());
  const std::vector<std::int64_t> earliest = first_of(comm, times_seconds, count, std::less<>());
  const std::int64_t others = latest.back() - earliest.back();
  const std::int64_t far = std::max({seconds_per_day, others / 10, 10 * (others / orders)});
  const auto is_late = [&](std::int64_t time) { return time - latest.back() > far; };
  const auto is_early = [&](std::int64_t time) { return earliest.back() - time > far; };
  const auto late = std::ranges::count_if(latest, is_late);
  const auto early = std::ranges::count_if(earliest, is_early);
  span.orders_apart = late + early;
  if (is_late(last_seconds)) span.end_seconds = latest[static_cast<std::size_t>(late)];
  if (is_early(first_seconds)) span.begin_seconds = earliest[static_cast<std::size_t>(early)];
  return span;
}

}  // namespace rankwise
