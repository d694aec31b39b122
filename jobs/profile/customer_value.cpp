#include "jobs/profile/customer_value.hpp"

#include <fmt/format.h>
#include <utility>
#include <vector>

#include "distributed/profiles/lifetime_forecast.hpp"

namespace rankwise {

namespace {

void add_forecast(CustomerColumns& columns, LifetimeForecast forecast, const ForecastRule& rule) {
  columns.add("p_alive", "probability that the customer may buy again (BG/NBD)", std::move(forecast.alive));
  columns.add("expected_purchases",
              fmt::format("expected days with an order in the {} days after the analysis (BG/NBD)", rule.horizon_days),
              std::move(forecast.purchases));
  if (!forecast.has_values) return;
  columns.add("expected_value", "expected value of such a day (Gamma-Gamma)", std::move(forecast.value));
  columns.add("lifetime_value",
              fmt::format("sum over periods of {:g} days of expected purchases, discounted by {:g} a year, times "
                          "expected_value",
                          discount_period_days, rule.discount_per_year),
              std::move(forecast.lifetime));
}

/// Fits to the past of --calibrate-at, and compares with what followed. Collective.
void calibrate(JobContext& context, const Orders& orders, std::span<const CustomerHistory> histories,
               std::int64_t then_day, std::int64_t at_day, CustomerValue& found) {
  const auto timer = context.report.phase("calibrate");
  const std::vector<CustomerHistory> then = customer_histories(orders, then_day);
  found.models_then = fit_lifetime(context.comm, then, then_day);
  if (!is_usable(found.models_then->purchases.state)) return;
  found.calibration =
      calibrate_on_holdout(context.comm, found.models_then->purchases.parameters, then, histories, then_day, at_day);
}

}  // namespace

CustomerValue value_customers(JobContext& context, const ProfileOptions& options, const Orders& orders,
                              std::span<const CustomerHistory> histories, std::int64_t at_day,
                              CustomerColumns& columns) {
  CustomerValue found;
  {
    const auto timer = context.report.phase("fit");
    found.models = fit_lifetime(context.comm, histories, at_day);
  }
  if (is_usable(found.models.purchases.state)) {
    const auto timer = context.report.phase("forecast");
    add_forecast(columns, forecast_lifetime(found.models, histories, at_day, options.forecast()), options.forecast());
  }
  if (options.then_day) calibrate(context, orders, histories, *options.then_day, at_day, found);
  return found;
}

}  // namespace rankwise
