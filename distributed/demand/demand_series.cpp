#include "distributed/demand/demand_series.hpp"

#include <algorithm>

#include "kernels/base/fixed_point_sum.hpp"
#include "kernels/base/time_units.hpp"

namespace rankwise {

namespace {

/// The period of a moment; -1: none.
Index period_of(std::int64_t seconds, const DemandPeriods& periods) {
  const std::int64_t since = seconds - periods.first_day * seconds_per_day;
  if (since < 0) return -1;
  const Index period = since / (periods.days * seconds_per_day);
  return period < periods.count ? period : -1;
}

/// What this rank's lines add to cells of series x periods.
class Cells {
 public:
  std::vector<std::int64_t> sums;
  std::vector<Index> buyers;
  std::vector<Index> customers;

  Cells(const Orders& orders, const DemandPeriods& periods, const DemandGroups& groups, FixedPointScale scale,
        DemandMeasure measure)
      : sums(at(groups.series() * periods.count)),
        buyers(sums.size()),
        customers(at(groups.series())),
        orders_(orders),
        periods_(periods),
        groups_(groups),
        scale_(scale),
        measure_(measure) {}

  void add_user(Index user) {
    std::vector<Index> of_user;   // series
    std::vector<Index> in_cells;  // series x periods
    for (Index order = orders_.offsets[at(user)]; order < orders_.offsets[at(user) + 1]; ++order) {
      const Index period = period_of((*orders_.times_seconds)[at(order)], periods_);
      if (period < 0) continue;
      const std::vector<Index> touched = add_order(user, order, period);
      for (const Index series : touched) in_cells.push_back(series * periods_.count + period);
      of_user.insert(of_user.end(), touched.begin(), touched.end());
    }
    for (const Index cell : distinct(std::move(in_cells))) ++buyers[at(cell)];
    for (const Index series : distinct(std::move(of_user))) ++customers[at(series)];
  }

 private:
  static std::vector<Index> distinct(std::vector<Index> numbers) {
    std::ranges::sort(numbers);
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
    return numbers;
  }

  /// Which series the order's lines are of.
  std::vector<Index> add_order(Index user, Index order, Index period) {
    std::vector<Index> touched;
    const Index all = groups_.series() - 1;
    for (Index line = orders_.lines.offsets[at(order)]; line < orders_.lines.offsets[at(order) + 1]; ++line) {
      const double value = orders_.lines.values[at(line)];
      if (!(value > 0)) continue;
      const Index category = groups_.of_items[at(orders_.lines.columns[at(line)])];
      const Index own = category * groups_.segments + groups_.of_users[at(user)];
      for (const Index series : {own, all}) {
        touched.push_back(series);
        if (measure_ == DemandMeasure::value) sums[at(series * periods_.count + period)] += scale_.to_fixed(value);
      }
    }
    touched = distinct(std::move(touched));
    if (measure_ == DemandMeasure::orders) {
      for (const Index series : touched) ++sums[at(series * periods_.count + period)];
    }
    return touched;
  }

  const Orders& orders_;
  const DemandPeriods& periods_;
  const DemandGroups& groups_;
  FixedPointScale scale_;
  DemandMeasure measure_;
};

}  // namespace

DemandSeries demand_series(const Communicator& comm, const Orders& orders, const DemandPeriods& periods,
                           const DemandGroups& groups, DemandMeasure measure) {
  double largest = 0;
  for (const double value : orders.lines.values) largest = std::max(largest, value);
  const auto scale = FixedPointScale::for_terms(comm.max(largest), comm.sum(std::ssize(orders.lines.values)));
  Cells cells(orders, periods, groups, scale, measure);
  for (Index user = 0; user < orders.users.size(); ++user) cells.add_user(user);
  comm.all_reduce_sum(std::span<std::int64_t>(cells.sums));
  comm.all_reduce_sum(std::span<Index>(cells.buyers));
  comm.all_reduce_sum(std::span<Index>(cells.customers));
  DemandSeries found{periods.count, {}, std::move(cells.customers), std::move(cells.buyers)};
  for (const std::int64_t sum : cells.sums)
    found.values.push_back(measure == DemandMeasure::value ? scale.from_fixed(sum) : static_cast<double>(sum));
  return found;
}

}  // namespace rankwise
