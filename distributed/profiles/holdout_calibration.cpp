#include "distributed/profiles/holdout_calibration.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "distributed/comm/order_free_sum.hpp"
#include "distributed/profiles/lifetime_forecast.hpp"

namespace rankwise {

namespace {

std::size_t group_of(const CustomerHistory& history) {
  return static_cast<std::size_t>(std::min<Index>(history.purchase_days - 1, calibration_groups - 1));
}

/// As often a day as between the first purchase and then; nothing without repeats.
double as_before(const CustomerHistory& history, std::int64_t then_day, std::int64_t days) {
  const auto repeats = static_cast<double>(history.purchase_days - 1);
  const std::int64_t observed = then_day - history.first_day;
  return observed > 0 ? repeats * static_cast<double>(days) / static_cast<double>(observed) : 0;
}

double mean_of(double sum, Index count) {
  return count > 0 ? sum / static_cast<double>(count) : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

HoldoutCalibration calibrate_on_holdout(const Communicator& comm, const BgNbd& model,
                                        std::span<const CustomerHistory> until_then,
                                        std::span<const CustomerHistory> until_now, std::int64_t then_day,
                                        std::int64_t now_day) {
  const std::int64_t days = now_day - then_day;
  const std::vector<double> forecast = forecast_purchases(model, until_then, then_day, days);
  std::array<std::vector<double>, calibration_groups> predicted;
  std::array<Index, 2 * calibration_groups> counts{};  // customers, and purchases that followed
  std::vector<double> model_errors;
  std::vector<double> baseline_errors;
  for (std::size_t user = 0; user < until_then.size(); ++user) {
    const CustomerHistory& history = until_then[user];
    if (!history.is_customer()) continue;
    const std::size_t group = group_of(history);
    const Index followed = until_now[user].purchase_days - history.purchase_days;
    predicted[group].push_back(forecast[user]);
    ++counts[group];
    counts[calibration_groups + group] += followed;
    model_errors.push_back(std::abs(forecast[user] - static_cast<double>(followed)));
    baseline_errors.push_back(std::abs(as_before(history, then_day, days) - static_cast<double>(followed)));
  }
  comm.all_reduce_sum(std::span<Index>(counts));
  HoldoutCalibration found;
  double all_predicted = 0;
  Index all_followed = 0;
  for (std::size_t group = 0; group < calibration_groups; ++group) {
    const double sum = order_free_sum(comm, predicted[group]);
    const Index followed = counts[calibration_groups + group];
    found.groups[group] = {counts[group], mean_of(sum, counts[group]),
                           mean_of(static_cast<double>(followed), counts[group])};
    found.all.customers += counts[group];
    all_predicted += sum;
    all_followed += followed;
  }
  found.all.predicted = mean_of(all_predicted, found.all.customers);
  found.all.actual = mean_of(static_cast<double>(all_followed), found.all.customers);
  found.model_error = mean_of(order_free_sum(comm, model_errors), found.all.customers);
  found.baseline_error = mean_of(order_free_sum(comm, baseline_errors), found.all.customers);
  return found;
}

}  // namespace rankwise
