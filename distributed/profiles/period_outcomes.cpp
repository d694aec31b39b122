#include "distributed/profiles/period_outcomes.hpp"

#include "distributed/profiles/customer_history.hpp"

namespace rankwise {

namespace {

bool is_in(const Orders& orders, Index order, const OutcomePeriod& period) {
  if (!is_until(orders, order, period.last_day)) return false;
  return !period.first_day || day_of((*orders.times_seconds)[static_cast<std::size_t>(order)]) >= *period.first_day;
}

/// Calls `add(user, order)` for each order of the period.
template <class Add>
PeriodOutcomes collect(const Orders& orders, const OutcomePeriod& period, const Add& add) {
  const auto users = static_cast<std::size_t>(orders.users.size());
  PeriodOutcomes found{std::vector<std::uint8_t>(users), std::vector<double>(users), 0};
  for (std::size_t user = 0; user < users; ++user) {
    for (Index order = orders.offsets[user]; order < orders.offsets[user + 1]; ++order) {
      if (!is_in(orders, order, period)) continue;
      ++found.orders;
      add(found, user, order);
    }
  }
  return found;
}

}  // namespace

PeriodOutcomes outcomes_in_period(const Orders& orders, const OutcomePeriod& period) {
  return collect(orders, period, [&](PeriodOutcomes& found, std::size_t user, Index order) {
    const double amount = orders.amounts[static_cast<std::size_t>(order)];
    if (amount >= 0) found.bought[user] = 1;
    found.money[user] += amount;
  });
}

PeriodOutcomes outcomes_in_period(const Orders& orders, const OutcomePeriod& period, const std::vector<bool>& counts) {
  return collect(orders, period, [&](PeriodOutcomes& found, std::size_t user, Index order) {
    for (Index line = orders.lines.offsets[static_cast<std::size_t>(order)];
         line < orders.lines.offsets[static_cast<std::size_t>(order) + 1]; ++line) {
      const auto place = static_cast<std::size_t>(line);
      if (!counts[static_cast<std::size_t>(orders.lines.columns[place])]) continue;
      if (orders.lines.values[place] > 0) found.bought[user] = 1;
      found.money[user] += orders.lines.values[place];
    }
  });
}

}  // namespace rankwise
