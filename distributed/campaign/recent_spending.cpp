#include "distributed/campaign/recent_spending.hpp"

#include <cmath>
#include <fmt/format.h>

#include "distributed/campaign/assignment.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

RecentSpending recent_spending(const Orders& orders, std::int64_t begin_seconds, std::int64_t end_seconds) {
  constexpr double most_money = 1e12;
  RecentSpending spending;
  for (std::size_t user = 0; user + 1 < orders.offsets.size(); ++user) {
    std::int64_t money = 0;
    Index count = 0;
    for (auto o = static_cast<std::size_t>(orders.offsets[user]);
         o < static_cast<std::size_t>(orders.offsets[user + 1]); ++o) {
      const std::int64_t time = (*orders.times_seconds)[o];
      spending.later_orders += time >= end_seconds ? 1 : 0;
      if (time < begin_seconds || time >= end_seconds) continue;
      const double amount = orders.amounts[o];
      if (std::abs(amount) > most_money || std::abs(static_cast<double>(money)) > most_money * millionths) {
        throw Error(ExitCode::bad_data, fmt::format("an order of {} is more than a campaign can count with; expected "
                                                    "amounts of at most {}",
                                                    amount, most_money));
      }
      money += std::llrint(amount * static_cast<double>(millionths));
      count += amount >= 0 ? 1 : 0;
    }
    spending.money_millionths.push_back(money);
    spending.orders.push_back(count);
  }
  return spending;
}

}  // namespace rankwise
