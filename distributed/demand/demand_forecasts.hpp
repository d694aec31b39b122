#pragma once
// Forecasts of many series.

#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "kernels/forecasting/backtest.hpp"

namespace rankwise {

/// forecast_series() of each, on every rank: series are shared out over ranks and threads, and none depends on another.
/// The same series on every rank; each has at least one value. Collective over comm.
[[nodiscard]] std::vector<SeriesForecast> forecast_all(const Communicator& comm,
                                                       const std::vector<std::span<const double>>& series,
                                                       const BacktestRule& rule);

}  // namespace rankwise
