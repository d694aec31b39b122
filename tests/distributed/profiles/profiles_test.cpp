// Customers' histories, classes, cells, forecasts and shares on any number of ranks against plain loops.

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <map>
#include <random>
#include <tuple>
#include <vector>

#include "distributed/profiles/category_shares.hpp"
#include "distributed/profiles/customer_history.hpp"
#include "distributed/profiles/holdout_calibration.hpp"
#include "distributed/profiles/lifetime_forecast.hpp"
#include "distributed/profiles/lifetime_models.hpp"
#include "distributed/profiles/midrank_classes.hpp"
#include "distributed/profiles/period_outcomes.hpp"
#include "distributed/profiles/priced_lines.hpp"
#include "distributed/profiles/purchase_cells.hpp"
#include "kernels/lifetime/expected_purchases.hpp"

namespace rankwise {
namespace {

constexpr std::int64_t day = 86'400;
constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

/// An order of one user, its lines (item, value).
struct PlainOrder {
  std::int64_t seconds;
  std::vector<std::pair<Index, double>> lines;
};
using PlainUser = std::vector<PlainOrder>;

/// This rank's share of some users, their orders ascending by time.
Orders orders_of_share(const std::vector<PlainUser>& users, RowRange mine, Index items) {
  Orders orders;
  orders.users = mine;
  orders.total_users = std::ssize(users);
  orders.times_seconds.emplace();
  orders.lines.column_count = items;
  for (Index user = mine.begin; user < mine.end; ++user) {
    for (const PlainOrder& order : users[static_cast<std::size_t>(user)]) {
      orders.times_seconds->push_back(order.seconds);
      double amount = 0;
      for (const auto& [item, value] : order.lines) {
        orders.lines.columns.push_back(item);
        orders.lines.values.push_back(value);
        orders.parts.push_back(LinePart::training);
        amount += value;
      }
      orders.amounts.push_back(amount);
      orders.lines.offsets.push_back(std::ssize(orders.lines.columns));
    }
    orders.offsets.push_back(std::ssize(orders.amounts));
  }
  orders.lines.rows = {0, std::ssize(orders.amounts)};
  return orders;
}

/// A random shop; one order in six is a return.
std::vector<PlainUser> random_users(Index users, Index items, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<PlainUser> all(static_cast<std::size_t>(users));
  for (PlainUser& user : all) {
    user.resize(random() % 7);
    for (PlainOrder& order : user) {
      order.seconds = static_cast<std::int64_t>(random() % (300 * day)) + 14'000 * day;
      const double sign = random() % 6 == 0 ? -1 : 1;
      order.lines.resize(1 + random() % 4);
      for (auto& [item, value] : order.lines) {
        item = static_cast<Index>(random() % static_cast<unsigned>(items));
        value = sign * static_cast<double>(1 + random() % 900) / 100;
      }
    }
    std::ranges::sort(user, {}, &PlainOrder::seconds);
  }
  return all;
}

class ProfilesTest : public ::testing::Test {
 protected:
  [[nodiscard]] RowRange share(Index rows) const {
    return {rows * comm_.rank() / comm_.size(), rows * (comm_.rank() + 1) / comm_.size()};
  }
  Communicator comm_ = Communicator::world();
};

TEST_F(ProfilesTest, HistoriesAreThoseOfPlainLoops) {
  const std::vector<PlainUser> users = random_users(200, 9, 1);
  const RowRange mine = share(200);
  constexpr std::int64_t last_day = 14'200;
  const std::vector<CustomerHistory> found = customer_histories(orders_of_share(users, mine, 9), last_day);
  ASSERT_EQ(std::ssize(found), mine.size());
  for (Index user = mine.begin; user < mine.end; ++user) {
    std::map<std::int64_t, double> days;
    Index purchases = 0;
    double money = 0;
    double returned = 0;
    for (const PlainOrder& order : users[static_cast<std::size_t>(user)]) {
      if (order.seconds >= (last_day + 1) * day) continue;
      double amount = 0;
      for (const auto& line : order.lines) {
        amount += line.second;
        if (line.second < 0) returned -= line.second;
      }
      money += amount;
      if (amount < 0) continue;
      ++purchases;
      days[order.seconds / day] += amount;
    }
    const CustomerHistory& history = found[static_cast<std::size_t>(user - mine.begin)];
    EXPECT_EQ(history.purchases, purchases);
    EXPECT_EQ(history.purchase_days, std::ssize(days));
    EXPECT_NEAR(history.money, money, 1e-9);
    EXPECT_NEAR(history.returned, returned, 1e-9);
    if (days.empty()) continue;
    EXPECT_EQ(history.first_day, days.begin()->first);
    EXPECT_EQ(history.last_day, days.rbegin()->first);
    double repeat_money = 0;
    for (const auto& [when, amount] : days) repeat_money += when == days.begin()->first ? 0 : amount;
    EXPECT_NEAR(history.repeat_money, repeat_money, 1e-9);
    EXPECT_EQ(history.purchases_by_quarter[0] + history.purchases_by_quarter[1] + history.purchases_by_quarter[2] +
                  history.purchases_by_quarter[3],
              purchases);
  }
}

TEST_F(ProfilesTest, SumsOfMoneyAreWithoutNoise) {
  const std::vector<PlainUser> users{{{0, {{0, 0.1}, {0, 0.2}}}}, {{0, {{0, 0.3}}}}};
  const std::vector<CustomerHistory> found = customer_histories(orders_of_share(users, {0, 2}, 1), std::nullopt);
  EXPECT_EQ(found[0].money, found[1].money);
  EXPECT_EQ(day_of(-1), -1);
  EXPECT_EQ(day_of(day), 1);
}

TEST_F(ProfilesTest, ClassesAreThoseOfTheDefinition) {
  std::mt19937 random(5);
  for (const unsigned distinct : {1U, 3U, 40U, 1'000'000U}) {
    std::vector<double> values(317);
    for (double& value : values) value = static_cast<double>(random() % distinct) / 8 - 7;
    values[3] = values[100] = nothing;
    const RowRange mine = share(std::ssize(values));
    const std::span<const double> all(values);
    const MidrankClasses found = midrank_classes_of(
        comm_, all.subspan(static_cast<std::size_t>(mine.begin), static_cast<std::size_t>(mine.size())));
    EXPECT_EQ(found.count, 315);
    std::array<ClassBounds, midrank_classes> expected{};
    for (Index v = 0; v < std::ssize(values); ++v) {
      const double value = values[static_cast<std::size_t>(v)];
      int of_value = 0;
      if (!std::isnan(value)) {
        const auto less = std::ranges::count_if(values, [&](double other) { return other < value; });
        of_value = midrank_class(less, std::ranges::count(values, value), 315);
        ClassBounds& bounds = expected[static_cast<std::size_t>(of_value - 1)];
        bounds.lowest = bounds.count == 0 ? value : std::min(bounds.lowest, value);
        bounds.highest = bounds.count == 0 ? value : std::max(bounds.highest, value);
        ++bounds.count;
      }
      if (mine.contains(v)) {
        EXPECT_EQ(found.of_values[static_cast<std::size_t>(v - mine.begin)], of_value) << value;
      }
    }
    for (std::size_t place = 0; place < expected.size(); ++place) {
      EXPECT_EQ(found.classes[place].count, expected[place].count);
      if (expected[place].count == 0) continue;
      EXPECT_EQ(found.classes[place].lowest, expected[place].lowest);
      EXPECT_EQ(found.classes[place].highest, expected[place].highest);
    }
  }
}

TEST_F(ProfilesTest, NobodyIsInNoClass) {
  const MidrankClasses found = midrank_classes_of(comm_, std::vector<double>{nothing});
  EXPECT_EQ(found.count, 0);
  EXPECT_EQ(found.of_values, std::vector<std::int32_t>{0});
}

TEST_F(ProfilesTest, CellsAreAllRanksCustomers) {
  const std::vector<PlainUser> users = random_users(500, 3, 2);
  constexpr std::int64_t at_day = 14'301;
  const std::vector<CustomerHistory> mine = customer_histories(orders_of_share(users, share(500), 3), at_day);
  const std::vector<CustomerHistory> all = customer_histories(orders_of_share(users, {0, 500}, 3), at_day);
  const std::vector<PurchaseCell> purchases = purchase_cells(comm_, mine, at_day);
  const std::vector<SpendCell> values = spend_cells(comm_, mine);
  if (!comm_.is_root()) {
    EXPECT_TRUE(purchases.empty());
    EXPECT_TRUE(values.empty());
    return;
  }
  std::map<std::tuple<Index, std::int64_t, std::int64_t>, Index> expected;
  std::map<std::pair<Index, double>, Index> expected_values;
  for (const CustomerHistory& each : all) {
    if (each.purchases > 0)
      ++expected[{each.purchase_days - 1, each.last_day - each.first_day, at_day - each.first_day}];
    if (has_repeat_value(each)) ++expected_values[{each.purchase_days - 1, each.repeat_money}];
  }
  ASSERT_EQ(purchases.size(), expected.size());
  auto next = purchases.begin();
  for (const auto& [key, customers] : expected) {
    EXPECT_EQ(next->history.repeats, std::get<0>(key));
    EXPECT_EQ(next->history.last_time, static_cast<double>(std::get<1>(key)) / 7);
    EXPECT_EQ(next->history.observed_time, static_cast<double>(std::get<2>(key)) / 7);
    EXPECT_EQ((next++)->customers, customers);
  }
  ASSERT_EQ(values.size(), expected_values.size());
  auto value = values.begin();
  for (const auto& [key, customers] : expected_values) {
    EXPECT_EQ(value->repeats, key.first);
    EXPECT_EQ(value->total, key.second);
    EXPECT_EQ((value++)->customers, customers);
  }
}

TEST_F(ProfilesTest, ForecastsAreThoseOfEachCustomer) {
  const std::vector<PlainUser> users = random_users(600, 3, 3);
  constexpr std::int64_t at_day = 14'301;
  const std::vector<CustomerHistory> mine = customer_histories(orders_of_share(users, share(600), 3), at_day);
  LifetimeModels models;
  models.purchases = {.parameters = {0.5, 8, 0.8, 2.5}, .state = FitState::converged};
  models.values = {.parameters = {6, 4, 15}, .state = FitState::converged};
  const LifetimeForecast forecast = forecast_lifetime(models, mine, at_day, {90, 0.1});
  for (std::size_t user = 0; user < mine.size(); ++user) {
    if (!mine[user].is_customer()) {
      EXPECT_TRUE(std::isnan(forecast.alive[user]) && std::isnan(forecast.lifetime[user]));
      continue;
    }
    const PurchaseHistory history = purchase_history(day_history(mine[user], at_day));
    EXPECT_EQ(forecast.alive[user], probability_alive(models.purchases.parameters, history));
    EXPECT_EQ(forecast.purchases[user], expected_purchases(models.purchases.parameters, history, 90 / 7.0));
    const double value = has_repeat_value(mine[user])
                             ? expected_value({6, 4, 15}, history.repeats, mine[user].repeat_money)
                             : 6 * 15.0 / 3;
    EXPECT_DOUBLE_EQ(forecast.value[user], value);
    EXPECT_GT(forecast.lifetime[user], forecast.purchases[user] * value * 0.97);
    EXPECT_LE(forecast.lifetime[user], forecast.purchases[user] * value);
  }
}

TEST_F(ProfilesTest, CalibrationComparesWithWhatFollowed) {
  const std::vector<PlainUser> users = random_users(400, 3, 4);
  const Orders mine = orders_of_share(users, share(400), 3);
  const Orders all = orders_of_share(users, {0, 400}, 3);
  const BgNbd model{0.5, 8, 0.8, 2.5};
  const auto then = customer_histories(all, 14'150);
  const auto now = customer_histories(all, 14'299);
  const HoldoutCalibration found = calibrate_on_holdout(comm_, model, customer_histories(mine, 14'150),
                                                        customer_histories(mine, 14'299), 14'150, 14'299);
  std::array<CalibrationGroup, calibration_groups> expected{};
  double error = 0;
  double count = 0;
  for (std::size_t user = 0; user < then.size(); ++user) {
    if (!then[user].is_customer()) continue;
    CalibrationGroup& group = expected[static_cast<std::size_t>(std::min<Index>(then[user].purchase_days - 1, 7))];
    const double predicted = expected_purchases(model, purchase_history(day_history(then[user], 14'150)), 149 / 7.0);
    const auto actual = static_cast<double>(now[user].purchase_days - then[user].purchase_days);
    ++group.customers;
    group.predicted += predicted;
    group.actual += actual;
    error += std::abs(predicted - actual);
    ++count;
  }
  for (std::size_t g = 0; g < expected.size(); ++g) {
    EXPECT_EQ(found.groups[g].customers, expected[g].customers);
    if (expected[g].customers == 0) continue;
    const auto customers = static_cast<double>(expected[g].customers);
    EXPECT_NEAR(found.groups[g].predicted, expected[g].predicted / customers, 1e-9);
    EXPECT_NEAR(found.groups[g].actual, expected[g].actual / customers, 1e-12);
  }
  EXPECT_EQ(static_cast<double>(found.all.customers), count);
  EXPECT_NEAR(found.model_error, error / count, 1e-9);
}

TEST_F(ProfilesTest, SharesOfCategoriesAddUp) {
  const std::vector<PlainUser> users = random_users(150, 12, 6);
  const RowRange mine = share(150);
  const Orders orders = orders_of_share(users, mine, 12);
  ItemCategories categories;
  for (int category = 0; category < 5; ++category)
    categories.names.push_back(std::string(1, static_cast<char>('a' + category)));
  for (int item = 0; item < 12; ++item) categories.codes.push_back(item % 6 == 5 ? -1 : item % 6);
  const CategoryShares found = category_shares(comm_, orders, 14'250, categories, 3);
  EXPECT_EQ(found.shown.size(), 3U);
  EXPECT_EQ(found.others, 2);
  EXPECT_TRUE(found.has_missing);
  for (Index user = mine.begin; user < mine.end; ++user) {
    std::vector<double> expected(5, 0);
    double total = 0;
    for (const PlainOrder& order : users[static_cast<std::size_t>(user)]) {
      if (order.seconds >= 14'251 * day) continue;
      for (const auto& [item, value] : order.lines) {
        if (value < 0) continue;
        const std::int32_t code = categories.codes[static_cast<std::size_t>(item)];
        const auto shown = std::ranges::find(found.shown, code);
        expected[code < 0 ? 4 : static_cast<std::size_t>(shown - found.shown.begin())] += value;
        total += value;
      }
    }
    for (std::size_t column = 0; column < 5; ++column) {
      const double share_of = found.of_users[column][static_cast<std::size_t>(user - mine.begin)];
      if (total == 0) {
        EXPECT_TRUE(std::isnan(share_of));
      } else {
        EXPECT_NEAR(share_of, expected[column] / total, 1e-12);
      }
    }
  }
}

TEST(PricedLines, FindTheLowestItemBeyondAllNumbers) {
  const std::vector<PlainUser> users{{{0, {{0, 1}, {1, 2}, {3, 1}}}, {day, {{2, 10}, {3, 5}}}}};
  Orders orders = orders_of_share(users, {0, 1}, 4);
  const std::vector<double> usual{2, 0.5, nothing, 3};
  PricedLines priced = price_lines(orders, usual);
  EXPECT_EQ(priced.without_price, 1);
  EXPECT_FALSE(priced.beyond_numbers);
  EXPECT_EQ(orders.amounts, (std::vector<double>{6, 15}));
  orders = orders_of_share(users, {0, 1}, 4);
  const std::vector<double> large{1e308, 1, 1e308, 1e308};  // item 3 is too much beside item 0, item 2 by itself
  priced = price_lines(orders, large);
  EXPECT_EQ(priced.beyond_numbers, 2);
}

TEST(PeriodOutcomes, AreOfOrdersInThePeriod) {
  const std::vector<PlainUser> users{
      {{10 * day, {{0, 5}}}, {20 * day, {{1, 2}, {2, 3}}}, {31 * day - 1, {{0, 7}}}},
      {{20 * day, {{0, -4}}}},
      {{25 * day, {{1, 4}, {0, -4}}}},
      {},
  };
  const Orders orders = orders_of_share(users, {0, 4}, 3);
  const PeriodOutcomes all = outcomes_in_period(orders, {20, 30});
  EXPECT_EQ(all.bought, (std::vector<std::uint8_t>{1, 0, 1, 0}));
  EXPECT_EQ(all.money, (std::vector<double>{12, -4, 0, 0}));
  EXPECT_EQ(all.orders, 4);
  EXPECT_EQ(outcomes_in_period(orders, {20, 29}).money[0], 5);
  EXPECT_EQ(outcomes_in_period(orders, {21, std::nullopt}).money[0], 7);
  EXPECT_EQ(outcomes_in_period(orders, {}).money[0], 17);
  const PeriodOutcomes some = outcomes_in_period(orders, {20, 30}, {true, false, false});
  EXPECT_EQ(some.bought, (std::vector<std::uint8_t>{1, 0, 0, 0}));
  EXPECT_EQ(some.money, (std::vector<double>{7, -4, -4, 0}));
  Orders timeless = orders;
  timeless.times_seconds.reset();
  EXPECT_EQ(outcomes_in_period(timeless, {}).orders, 5);
}

}  // namespace
}  // namespace rankwise
