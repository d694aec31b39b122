#include "distributed/profiles/lifetime_forecast.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "distributed/profiles/purchase_cells.hpp"
#include "distributed/threads/team_size.hpp"
#include "kernels/lifetime/expected_purchases.hpp"

namespace rankwise {

namespace {

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();
constexpr double work_of_cell = 2000;  // some series of a hundred terms

/// This rank's different histories, ascending, and of each user its place among them; -1 of who is no customer.
struct Cells {
  std::vector<DayHistory> histories;
  std::vector<Index> places;
};

Cells cells_of(std::span<const CustomerHistory> users, std::int64_t at_day) {
  Cells cells;
  for (const CustomerHistory& user : users) {
    if (user.is_customer()) cells.histories.push_back(day_history(user, at_day));
  }
  std::ranges::sort(cells.histories);
  cells.histories.erase(std::unique(cells.histories.begin(), cells.histories.end()), cells.histories.end());
  cells.places.reserve(users.size());
  for (const CustomerHistory& user : users) {
    const auto place = user.is_customer() ? std::ranges::lower_bound(cells.histories, day_history(user, at_day)) -
                                                cells.histories.begin()
                                          : Index{-1};
    cells.places.push_back(place);
  }
  return cells;
}

/// value(history) for each history, in threads.
template <class Value>
std::vector<double> of_cells(const Cells& cells, const Value& value) {
  std::vector<double> values(cells.histories.size());
  const auto count = std::ssize(values);
  const int threads = team_size(static_cast<double>(count) * work_of_cell);
#pragma omp parallel for schedule(static) num_threads(threads)
  for (Index cell = 0; cell < count; ++cell) {
    const auto place = static_cast<std::size_t>(cell);
    values[place] = value(purchase_history(cells.histories[place]));
  }
  return values;
}

std::vector<double> of_users(const Cells& cells, const std::vector<double>& of_cells) {
  std::vector<double> values;
  values.reserve(cells.places.size());
  for (const Index place : cells.places)
    values.push_back(place < 0 ? nothing : of_cells[static_cast<std::size_t>(place)]);
  return values;
}

/// Of one purchase of a customer; of one without repeats of known value, the mean over customers.
double value_of_purchase(const GammaGamma& model, const std::optional<double>& mean, const CustomerHistory& user) {
  if (!user.is_customer()) return nothing;
  if (!has_repeat_value(user)) return mean.value_or(nothing);
  const double value = expected_value(model, static_cast<std::int32_t>(user.purchase_days - 1), user.repeat_money);
  return value > 0 ? value : nothing;
}

}  // namespace

std::vector<double> forecast_purchases(const BgNbd& model, std::span<const CustomerHistory> histories,
                                       std::int64_t at_day, std::int64_t horizon_days) {
  const Cells cells = cells_of(histories, at_day);
  const double weeks = static_cast<double>(horizon_days) / days_of_week;
  return of_users(cells,
                  of_cells(cells, [&](const PurchaseHistory& each) { return expected_purchases(model, each, weeks); }));
}

LifetimeForecast forecast_lifetime(const LifetimeModels& models, std::span<const CustomerHistory> histories,
                                   std::int64_t at_day, const ForecastRule& rule) {
  const BgNbd& model = models.purchases.parameters;
  const Cells cells = cells_of(histories, at_day);
  const double weeks = static_cast<double>(rule.horizon_days) / days_of_week;
  const Horizon horizon{weeks, discount_period_days / days_of_week,
                        std::log1p(rule.discount_per_year) * days_of_week / days_of_year};
  LifetimeForecast forecast;
  forecast.alive = of_users(cells, of_cells(cells, [&](const auto& each) { return probability_alive(model, each); }));
  forecast.purchases =
      of_users(cells, of_cells(cells, [&](const auto& each) { return expected_purchases(model, each, weeks); }));
  forecast.has_values = is_usable(models.values.state);
  if (!forecast.has_values) return forecast;
  forecast.lifetime =
      of_users(cells, of_cells(cells, [&](const auto& each) { return discounted_purchases(model, each, horizon); }));
  const GammaGamma& values = models.values.parameters;
  const std::optional<double> mean = values.mean();
  for (std::size_t user = 0; user < histories.size(); ++user) {
    forecast.value.push_back(value_of_purchase(values, mean, histories[user]));
    forecast.lifetime[user] *= forecast.value.back();
  }
  return forecast;
}

}  // namespace rankwise
