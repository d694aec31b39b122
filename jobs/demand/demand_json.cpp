#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/config/json_text.hpp"
#include "jobs/demand/demand_report.hpp"

namespace rankwise {

namespace {

using Json = nlohmann::ordered_json;

Json text_or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

Json steps_json(const DemandFindings& found, const SeriesForecast& forecast) {
  Json steps = Json::array();
  for (std::size_t step = 0; step < forecast.forecast.size(); ++step) {
    const bool has_interval = !forecast.low.empty();
    steps.push_back({{"begins", found.begin_of(found.periods.count + static_cast<Index>(step))},
                     {"forecast", forecast.forecast[step]},
                     {"low", has_interval ? Json(forecast.low[step]) : Json(nullptr)},
                     {"high", has_interval ? Json(forecast.high[step]) : Json(nullptr)}});
  }
  return steps;
}

Json series_json(const DemandFindings& found, const ShownSeries& series) {
  const SeriesForecast& forecast = series.forecast;
  Json trials = Json::array();
  Json chosen = nullptr;
  for (const MethodTrial& trial : forecast.trials) {
    trials.push_back({{"method", forecast_method_name(trial.method)},
                      {"mase", number_or_null(trial.mase)},
                      {"absolute_error", number_or_null(trial.absolute_error)}});
    if (trial.method == forecast.method) chosen = number_or_null(trial.mase);
  }
  Json history = Json::array();
  for (std::size_t period = 0; period < series.values.size(); ++period)
    history.push_back(series.is_printed[period] ? Json(series.values[period]) : Json(nullptr));
  return {{"category", text_or_null(series.category)},
          {"segment", text_or_null(series.segment)},
          {"customers", series.customers},
          {"method", forecast_method_name(forecast.method)},
          {"origins", forecast.origins},
          {"mase", std::move(chosen)},
          {"coverage", number_or_null(forecast.coverage)},
          {"trials", std::move(trials)},
          {"forecasts", steps_json(found, forecast)},
          {"history_begins", found.begin_of(series.first_period)},
          {"history", std::move(history)}};
}

}  // namespace

Json demand_json(const DemandOptions& options, const DemandFindings& found, std::uint64_t data_digest,
                 const std::string& version) {
  const std::array<const char*, 3> units{"quantity", "money", "orders"};
  Json methods = Json::object();
  for (const ForecastMethod method : all_forecast_methods)
    methods[std::string(forecast_method_name(method))] = found.methods[static_cast<std::size_t>(method)];
  Json json{{"version", version},
            {"data",
             {{"file", std::filesystem::path(options.data).filename().string()},
              {"digest", fmt::format("{:016x}", data_digest)}}},
            {"measure", units[static_cast<std::size_t>(options.unit)]},
            {"period", options.period_word()},
            {"season_periods", options.rule().season_length},
            {"periods", found.periods.count},
            {"first_begins", found.begin_of(0)},
            {"last_begins", found.begin_of(found.periods.count - 1)},
            {"horizon", options.horizon},
            {"origins", options.origins},
            {"confidence", options.confidence},
            {"least_group", options.least_group},
            {"by", text_or_null(options.category)},
            {"sentences", demand_sentences(options, found)},
            {"warnings", demand_warnings(options, found)},
            {"hidden_series", found.hidden},
            {"untested_series", found.untested},
            {"methods", std::move(methods)},
            {"mase", number_or_null(found.mase)},
            {"naive_mase", number_or_null(found.naive_mase)},
            {"coverage", number_or_null(found.coverage)}};
  Json series = Json::array();
  for (const ShownSeries& each : found.series) series.push_back(series_json(found, each));
  json["series"] = std::move(series);
  return json;
}

}  // namespace rankwise
