#include "distributed/demand/demand_forecasts.hpp"

#include <algorithm>

#include "distributed/threads/team_size.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

namespace {

/// A forecast as numbers of one length: method, origins, coverage; forecast, low and high; then of each method whether
/// it was tried and its errors.
std::size_t packed_size(const BacktestRule& rule) {
  return 4 + 3 * rule.horizon + 3 * all_forecast_methods.size();
}

void pack(const SeriesForecast& forecast, const BacktestRule& rule, std::vector<double>& numbers) {
  numbers.push_back(static_cast<double>(forecast.method));
  numbers.push_back(static_cast<double>(forecast.origins));
  numbers.push_back(forecast.coverage);
  numbers.push_back(static_cast<double>(forecast.trials.size()));
  for (const std::vector<double>* const each : {&forecast.forecast, &forecast.low, &forecast.high}) {
    numbers.insert(numbers.end(), each->begin(), each->end());
    numbers.resize(numbers.size() + rule.horizon - each->size());
  }
  for (const MethodTrial& trial : forecast.trials)
    numbers.insert(numbers.end(), {static_cast<double>(trial.method), trial.mase, trial.absolute_error});
  numbers.resize(numbers.size() + 3 * (all_forecast_methods.size() - forecast.trials.size()));
}

SeriesForecast unpack(const double* numbers, const BacktestRule& rule) {
  SeriesForecast forecast;
  forecast.method = static_cast<ForecastMethod>(static_cast<int>(numbers[0]));
  forecast.origins = static_cast<std::size_t>(numbers[1]);
  forecast.coverage = numbers[2];
  const auto trials = static_cast<std::size_t>(numbers[3]);
  numbers += 4;
  forecast.forecast.assign(numbers, numbers + rule.horizon);
  if (forecast.origins > 0) {
    forecast.low.assign(numbers + rule.horizon, numbers + 2 * rule.horizon);
    forecast.high.assign(numbers + 2 * rule.horizon, numbers + 3 * rule.horizon);
  }
  numbers += 3 * rule.horizon;
  for (std::size_t trial = 0; trial < trials; ++trial, numbers += 3)
    forecast.trials.push_back({static_cast<ForecastMethod>(static_cast<int>(numbers[0])), numbers[1], numbers[2]});
  return forecast;
}

}  // namespace

std::vector<SeriesForecast> forecast_all(const Communicator& comm, const std::vector<std::span<const double>>& series,
                                         const BacktestRule& rule) {
  // Series r, r + ranks, ... are this rank's.
  std::vector<std::size_t> mine;
  for (auto each = static_cast<std::size_t>(comm.rank()); each < series.size();
       each += static_cast<std::size_t>(comm.size()))
    mine.push_back(each);
  std::vector<SeriesForecast> forecasts(mine.size());
  constexpr double series_operations = 1e7;
  const auto count = static_cast<Index>(mine.size());
#pragma omp parallel for schedule(dynamic) num_threads(team_size(series_operations* static_cast <double>(count)))
  for (Index each = 0; each < count; ++each) {
    const auto place = static_cast<std::size_t>(each);
    forecasts[place] = forecast_series(series[mine[place]], rule);
  }
  std::vector<double> packed;
  for (const SeriesForecast& forecast : forecasts) pack(forecast, rule, packed);
  const Exchanged<double> all = comm.all_gather_varied(std::span<const double>(packed));
  std::vector<SeriesForecast> found(series.size());
  const double* numbers = all.values.data();
  for (int rank = 0; rank < comm.size(); ++rank) {
    for (auto each = static_cast<std::size_t>(rank); each < series.size();
         each += static_cast<std::size_t>(comm.size())) {
      found[each] = unpack(numbers, rule);
      numbers += packed_size(rule);
    }
  }
  return found;
}

}  // namespace rankwise
