#pragma once
// What is forecast, and what is said of it.

#include <array>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "jobs/demand/demand_groups.hpp"
#include "jobs/demand/demand_settings.hpp"
#include "kernels/forecasting/backtest.hpp"

namespace rankwise {

/// A series that may be written.
struct ShownSeries {
  std::string category;  ///< empty: of all
  std::string segment;
  Index customers = 0;
  Index first_period = 0;        ///< with something; what is before does not count
  std::vector<double> values;    ///< from then on
  std::vector<bool> is_printed;  ///< of values: the period has enough customers, or none
  SeriesForecast forecast;
};

struct DemandFindings {
  DemandPeriods periods;
  std::string left_out_first;  ///< as in DemandInput
  std::string left_out_last;
  Index unpriced_lines = 0;
  std::vector<ShownSeries> series;                           ///< that of all first
  Index hidden = 0;                                          ///< series of fewer customers than may be written
  Index empty = 0;                                           ///< series of nobody
  Index untested = 0;                                        ///< shown ones that are too short for a back-test
  std::array<Index, all_forecast_methods.size()> methods{};  ///< shown and tested series by method
  double coverage = 0;                                       ///< mean over tested series
  double mase = 0;                                           ///< likewise, of those that have one; NaN if none has
  double naive_mase = 0;
  bool has_seasons = false;  ///< whether two seasons are known, somewhere

  [[nodiscard]] Index tested() const { return std::ssize(series) - untested; }
  /// The day on which the period `place` begins; those that are forecast follow periods.count - 1.
  [[nodiscard]] std::string begin_of(Index place) const;
};

[[nodiscard]] std::vector<std::string> demand_sentences(const DemandOptions& options, const DemandFindings& found);
[[nodiscard]] std::vector<std::string> demand_warnings(const DemandOptions& options, const DemandFindings& found);

/// How often each method was taken, for standard output.
[[nodiscard]] std::string demand_table(const DemandFindings& found);

[[nodiscard]] std::string demand_csv(const DemandFindings& found);
[[nodiscard]] nlohmann::ordered_json demand_json(const DemandOptions& options, const DemandFindings& found,
                                                 std::uint64_t data_digest, const std::string& version);

/// The page of this JSON text.
[[nodiscard]] std::string demand_page(std::string_view json);

}  // namespace rankwise
