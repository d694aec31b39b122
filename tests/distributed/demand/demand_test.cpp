// Series of demand and their forecasts on any number of ranks, against plain loops.

#include <cmath>
#include <gtest/gtest.h>
#include <vector>

#include "distributed/demand/demand_forecasts.hpp"
#include "distributed/demand/demand_series.hpp"
#include "distributed/rows/partition.hpp"

namespace rankwise {
namespace {

constexpr std::int64_t day = 86'400;
constexpr Index users = 150;
constexpr Index items = 4;

/// User u has u % 4 orders, on days that differ; each has lines on two items.
Orders sample_orders(RowRange mine) {
  Orders orders;
  orders.users = mine;
  orders.total_users = users;
  orders.times_seconds.emplace();
  orders.lines.column_count = items;
  for (Index user = mine.begin; user < mine.end; ++user) {
    for (Index order = 0; order < user % 4; ++order) {
      orders.times_seconds->push_back((100 + user % 9 + 5 * order) * day + 7);
      for (const Index item : {user % items, (user + 1) % items}) {
        orders.lines.columns.push_back(item);
        orders.lines.values.push_back(item == 2 ? -1.0 : 0.1 * static_cast<double>(1 + user % 7));
        orders.parts.push_back(LinePart::training);
      }
      orders.amounts.push_back(0);
      orders.lines.offsets.push_back(std::ssize(orders.lines.columns));
    }
    orders.offsets.push_back(std::ssize(orders.amounts));
  }
  orders.lines.rows = {0, std::ssize(orders.amounts)};
  return orders;
}

DemandGroups sample_groups(RowRange mine) {
  DemandGroups groups{{0, 1, 1, 0}, 2, {}, 3};
  for (Index user = mine.begin; user < mine.end; ++user) groups.of_users.push_back(static_cast<std::int32_t>(user % 3));
  return groups;
}

TEST(DemandSeries, AreSumsOfLines) {
  const Communicator comm = Communicator::world();
  const RowRange mine = Partition::by_count(users, comm.size()).range(comm.rank());
  const DemandPeriods periods{100, 7, 2};
  for (const DemandMeasure measure : {DemandMeasure::value, DemandMeasure::orders}) {
    const DemandSeries found = demand_series(comm, sample_orders(mine), periods, sample_groups(mine), measure);
    const DemandSeries alone =
        demand_series(Communicator::single(), sample_orders({0, users}), periods, sample_groups({0, users}), measure);
    EXPECT_EQ(found.values, alone.values);
    EXPECT_EQ(found.customers, alone.customers);
    EXPECT_EQ(found.buyers, alone.buyers);
  }
  const DemandSeries found =
      demand_series(comm, sample_orders(mine), periods, sample_groups(mine), DemandMeasure::value);
  std::vector<double> values(14);
  std::vector<Index> customers(7);
  for (Index user = 0; user < users; ++user) {
    std::vector<bool> has(7);
    for (Index order = 0; order < user % 4; ++order) {
      const Index period = (user % 9 + 5 * order) / 7;
      if (period > 1) continue;
      for (const Index item : {user % items, (user + 1) % items}) {
        if (item == 2) continue;
        const Index own = (item == 0 || item == 3 ? 0 : 1) * 3 + user % 3;
        for (const Index series : {own, Index{6}}) {
          values[static_cast<std::size_t>(2 * series + period)] += 0.1 * static_cast<double>(1 + user % 7);
          has[static_cast<std::size_t>(series)] = true;
        }
      }
    }
    for (std::size_t series = 0; series < 7; ++series) customers[series] += has[series] ? 1 : 0;
  }
  for (std::size_t cell = 0; cell < values.size(); ++cell) EXPECT_NEAR(found.values[cell], values[cell], 1e-9);
  EXPECT_EQ(found.customers, customers);
}

TEST(DemandForecasts, AreTheSameOnEveryRank) {
  const Communicator comm = Communicator::world();
  std::vector<std::vector<double>> numbers(7);
  for (std::size_t s = 0; s < numbers.size(); ++s) {
    for (std::size_t t = 0; t < (s == 3 ? 5U : 50U); ++t)
      numbers[s].push_back(10 + static_cast<double>((t * t * (s + 3)) % 11) + static_cast<double>(t * s) / 10);
  }
  std::vector<std::span<const double>> series(numbers.begin(), numbers.end());
  const BacktestRule rule{.season_length = 7, .horizon = 5, .origins = 6, .confidence = 0.8};
  const std::vector<SeriesForecast> found = forecast_all(comm, series, rule);
  ASSERT_EQ(found.size(), 7U);
  for (std::size_t s = 0; s < found.size(); ++s) {
    const SeriesForecast alone = forecast_series(series[s], rule);
    EXPECT_EQ(found[s].method, alone.method);
    EXPECT_EQ(found[s].origins, alone.origins);
    EXPECT_EQ(found[s].forecast, alone.forecast);
    EXPECT_EQ(found[s].low, alone.low);
    EXPECT_EQ(found[s].high, alone.high);
    EXPECT_EQ(std::isnan(found[s].coverage), std::isnan(alone.coverage));
    ASSERT_EQ(found[s].trials.size(), alone.trials.size());
    for (std::size_t t = 0; t < alone.trials.size(); ++t) {
      EXPECT_EQ(found[s].trials[t].method, alone.trials[t].method);
      EXPECT_EQ(found[s].trials[t].absolute_error, alone.trials[t].absolute_error);
    }
  }
  EXPECT_EQ(found[3].origins, 0U);
}

}  // namespace
}  // namespace rankwise
