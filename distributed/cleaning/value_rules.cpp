#include "distributed/cleaning/value_rules.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <tuple>
#include <vector>

#include "kernels/base/time_units.hpp"

namespace rankwise {

namespace {
/// What makes rows of one pair equal.
auto content_of(const RuleLog& log, std::size_t row) {
  const Event& event = log.events.events[row];
  return std::tuple(event.value, event.time_microseconds, event.fold,
                    log.quantities.empty() ? 0.0 : log.quantities[row], log.orders.empty() ? 0 : log.orders[row]);
}

/// Marks all rows of [begin, end) but the first of each content.
void mark_repeats(const RuleLog& log, std::size_t begin, std::size_t end, std::vector<char>& is_dropped) {
  std::vector<std::size_t> rows(end - begin);
  std::iota(rows.begin(), rows.end(), begin);
  std::ranges::sort(rows, [&](std::size_t a, std::size_t b) {
    const auto one = content_of(log, a);
    const auto other = content_of(log, b);
    return one != other ? one < other : a < b;  // rows of a pair are in the order of the input
  });
  for (std::size_t i = 1; i < rows.size(); ++i) {
    if (content_of(log, rows[i]) == content_of(log, rows[i - 1])) is_dropped[rows[i]] = 1;
  }
}
}  // namespace

Index drop_exact_repeats(RuleLog& log) {
  std::vector<char> is_dropped(log.events.events.size(), 0);
  for (Index u = 0; u < log.events.users.size(); ++u) {
    for_each_pair(std::as_const(log.events).of(u), [&](std::span<const Event> pair) {
      if (pair.size() == 1) return;
      const auto begin = static_cast<std::size_t>(pair.data() - log.events.events.data());
      mark_repeats(log, begin, begin + pair.size(), is_dropped);
    });
  }
  return log.drop(RowRule::exact_repeats, is_dropped);
}

std::optional<std::int64_t> latest_training_microseconds(const Communicator& comm, const UserEvents& events) {
  constexpr std::int64_t none = std::numeric_limits<std::int64_t>::min();
  std::int64_t latest = none;
  for (const Event& event : events.events) {
    if (event.part != EventPart::heldout) latest = std::max(latest, event.time_microseconds);
  }
  latest = comm.max(latest);
  return latest == none ? std::nullopt : std::optional(latest);
}

void decay_values(UserEvents& events, std::int64_t latest_microseconds, double half_life_seconds) {
  for (Event& event : events.events) {
    const std::int64_t age = std::max<std::int64_t>(0, latest_microseconds - event.time_microseconds);
    event.value *= std::exp2(-static_cast<double>(age) / microseconds_per_second / half_life_seconds);
  }
}

}  // namespace rankwise
