#pragma once
// What models of lifetime value say of each customer.

#include <cstdint>
#include <span>
#include <vector>

#include "distributed/profiles/customer_history.hpp"
#include "distributed/profiles/lifetime_models.hpp"

namespace rankwise {

struct ForecastRule {
  std::int64_t horizon_days = 0;  ///< > 0
  double discount_per_year = 0;   ///< 0.1: what comes in a year is worth 1 / 1.1 today
};

/// Value that comes within one of these is discounted as if it came at its end.
inline constexpr double discount_period_days = 30;
inline constexpr double days_of_year = 365;

/// One number for each of this rank's users; NaN of who is no customer, and where the model of values says nothing.
struct LifetimeForecast {
  std::vector<double> alive;      ///< probability
  std::vector<double> purchases;  ///< days with a purchase within the horizon
  bool has_values = false;        ///< whether the model of values is usable; if not, the two below are empty
  std::vector<double> value;      ///< of one such day
  std::vector<double> lifetime;   ///< discounted purchases times value
};

/// `models.purchases` is usable. Local: customers of equal history are computed once, in threads.
[[nodiscard]] LifetimeForecast forecast_lifetime(const LifetimeModels& models,
                                                 std::span<const CustomerHistory> histories, std::int64_t at_day,
                                                 const ForecastRule& rule);

/// Only `purchases` of it, for calibration.
[[nodiscard]] std::vector<double> forecast_purchases(const BgNbd& model, std::span<const CustomerHistory> histories,
                                                     std::int64_t at_day, std::int64_t horizon_days);

}  // namespace rankwise
