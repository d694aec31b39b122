#include "distributed/profiles/customer_history.hpp"

#include <array>
#include <charconv>
#include <chrono>

#include "kernels/base/time_units.hpp"

namespace rankwise {

namespace {

double to_twelve_digits(double value) {
  std::array<char, 32> text{};
  const auto written = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::scientific, 11);
  double rounded = value;
  std::from_chars(text.data(), written.ptr, rounded);
  return rounded;
}

std::size_t quarter_of(std::int64_t day) {
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(day))};
  return (static_cast<unsigned>(date.month()) - 1) / 3;
}

void add_lines(const Orders& orders, Index order, CustomerHistory& history) {
  const Index end = orders.lines.offsets[static_cast<std::size_t>(order) + 1];
  for (Index line = orders.lines.offsets[static_cast<std::size_t>(order)]; line < end; ++line) {
    const double value = orders.lines.values[static_cast<std::size_t>(line)];
    (value < 0 ? history.returned : history.bought) += value < 0 ? -value : value;
  }
}

void add_purchase_time(std::int64_t day, double amount, CustomerHistory& history) {
  if (history.purchase_days == 0) history.first_day = day;
  if (history.purchase_days == 0 || day != history.last_day) ++history.purchase_days;
  history.last_day = day;
  if (day != history.first_day) history.repeat_money += amount;
  ++history.purchases_by_quarter[quarter_of(day)];
}

void add_order(const Orders& orders, Index order, CustomerHistory& history) {
  const auto place = static_cast<std::size_t>(order);
  const double amount = orders.amounts[place];
  history.money += amount;
  add_lines(orders, order, history);
  if (amount < 0) {
    ++history.returns;
    return;
  }
  ++history.purchases;
  history.lines += orders.lines.offsets[place + 1] - orders.lines.offsets[place];
  if (orders.times_seconds) add_purchase_time(day_of((*orders.times_seconds)[place]), amount, history);
}

}  // namespace

std::int64_t day_of(std::int64_t seconds) {
  return seconds / seconds_per_day - (seconds % seconds_per_day < 0 ? 1 : 0);
}

bool is_until(const Orders& orders, Index order, std::optional<std::int64_t> last_day) {
  return !last_day || day_of((*orders.times_seconds)[static_cast<std::size_t>(order)]) <= *last_day;
}

std::vector<CustomerHistory> customer_histories(const Orders& orders, std::optional<std::int64_t> last_day) {
  std::vector<CustomerHistory> histories(static_cast<std::size_t>(orders.users.size()));
  for (std::size_t user = 0; user < histories.size(); ++user) {
    CustomerHistory& history = histories[user];
    for (Index order = orders.offsets[user]; order < orders.offsets[user + 1]; ++order) {
      if (is_until(orders, order, last_day)) add_order(orders, order, history);
    }
    for (double* const sum : {&history.money, &history.bought, &history.returned, &history.repeat_money})
      *sum = to_twelve_digits(*sum);
  }
  return histories;
}

}  // namespace rankwise
