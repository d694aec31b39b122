#include "distributed/experiments/customer_outcomes.hpp"

#include <algorithm>
#include <cmath>

#include "distributed/rows/id_matching.hpp"
#include "distributed/rows/values_at_rows.hpp"

namespace rankwise {

namespace {

constexpr std::int64_t second = 1'000'000;  // microseconds

/// Rounds orders to millionths and adds them. Once beyond most_money, it stays so.
class MoneySum {
 public:
  void add(double money) {
    size_ += std::abs(money);
    if (is_known()) sum_ += std::llround(money * 1e6);
  }
  [[nodiscard]] bool is_known() const { return size_ <= most_money; }  // NaN is not
  [[nodiscard]] std::int64_t millionths() const { return sum_; }

 private:
  double size_ = 0;
  std::int64_t sum_ = 0;
};

double margin_of(const Orders& orders, std::size_t order, std::span<const double> shares) {
  double margin = 0;
  for (Index line = orders.lines.offsets[order]; line < orders.lines.offsets[order + 1]; ++line) {
    const auto place = static_cast<std::size_t>(line);
    const double share = shares[static_cast<std::size_t>(orders.lines.columns[place])];
    if (!std::isnan(share)) margin += orders.lines.values[place] * share;
  }
  return margin;
}

}  // namespace

std::optional<CustomerOutcomes> outcomes_in(const Orders& orders, std::span<const TimeWindow> windows,
                                            std::span<const double> margin_shares) {
  CustomerOutcomes outcomes;
  for (std::size_t user = 0; user < windows.size(); ++user) {
    MoneySum revenue;
    MoneySum margin;
    std::int64_t purchases = 0;
    for (auto order = static_cast<std::size_t>(orders.offsets[user]);
         order < static_cast<std::size_t>(orders.offsets[user + 1]); ++order) {
      const std::int64_t time = (*orders.times_seconds)[order] * second;
      if (time < windows[user].begin_microseconds || time >= windows[user].end_microseconds) continue;
      const double amount = orders.amounts[order];
      if (amount >= 0) ++purchases;
      revenue.add(amount);
      if (!margin_shares.empty()) margin.add(margin_of(orders, order, margin_shares));
    }
    if (!revenue.is_known() || !margin.is_known()) return std::nullopt;
    outcomes.orders.push_back(purchases);
    outcomes.revenue_millionths.push_back(revenue.millionths());
    if (!margin_shares.empty()) outcomes.margin_millionths.push_back(margin.millionths());
  }
  return outcomes;
}

ListedCustomers match_listed(const Communicator& comm, const IdRows& listed, const IdRows& known) {
  ListedCustomers matched;
  matched.row_of_listed = find_rows_by_id(comm, listed, known);
  matched.listed_of_row = find_rows_by_id(comm, known, listed);
  matched.found = comm.sum(std::ranges::count_if(matched.row_of_listed, [](Index row) { return row >= 0; }));
  return matched;
}

CustomerOutcomes outcomes_of_listed(const Communicator& comm, const ListedCustomers& matched, RowRange rows,
                                    const CustomerOutcomes& outcomes) {
  const auto listed = [&](const std::vector<std::int64_t>& values) {
    return values_at_rows<std::int64_t>(comm, matched.row_of_listed, rows, values, 0);
  };
  CustomerOutcomes of_listed{.orders = listed(outcomes.orders),
                             .revenue_millionths = listed(outcomes.revenue_millionths),
                             .margin_millionths = {}};
  // A rank without rows has no margins either.
  if (comm.max(std::ssize(outcomes.margin_millionths)) > 0)
    of_listed.margin_millionths = listed(outcomes.margin_millionths);
  return of_listed;
}

}  // namespace rankwise
