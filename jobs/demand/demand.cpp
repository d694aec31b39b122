// Sample runs:
//   rankwise demand --data shop.h5 --by department --measure orders --output demand.csv
//   rankwise demand --data shop.h5 --by department,segment --segments clusters.h5 --horizon 8 --output demand.json
//     --report demand.html

#include "jobs/demand/demand.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>

#include "distributed/demand/demand_forecasts.hpp"
#include "io/config/json_text.hpp"
#include "io/files/commit.hpp"
#include "jobs/demand/demand_groups.hpp"
#include "jobs/demand/demand_report.hpp"
#include "jobs/run/standard_output.hpp"
#include "jobs/run/text_output.hpp"

namespace rankwise {

namespace {

constexpr std::string_view notes =
    R"(A series adds up the lines with a value above 0, returns not subtracted, of all parts of the dataset, by period (UTC). It begins
with its first period that has something. The log's first period, if it begins later, and the last unfinished one are left out.
Methods: mean of all; naive (the last value); seasonal naive (a season before); exponential smoothing of a level; damped trend
(Holt); Holt-Winters with an additive, or a multiplicative season if two seasons are known. Rates have the least squared errors
one step ahead, by Nelder and Mead within bounds. No forecast is below 0.
Back-test: after each of the last --origins periods with a horizon behind them, each method is fitted to what was known, and
forecasts the next --horizon periods. The one with the least mean absolute error is taken, the plainest of equals.
  mase       that error over the mean change from one period to the next before the first origin (Hyndman and Koehler 2006)
  intervals  forecast -+ t s: s is the root mean square of its errors at this step (or an earlier one, if larger), t Student's
  coverage   share of past values in the interval that the other origins' errors give
The origins that choose a method also measure it: what comes may be a little worse. Series with fewer than 16 periods before 4
origins get their mean, without an interval. Series of fewer than --least-group customers are not written.)";

/// A series from its first period with something.
ShownSeries shown_series(const DemandInput& input, const DemandSeries& series, Index place, Index least) {
  ShownSeries shown;
  const Index segments = input.groups.segments;
  if (place < input.groups.series() - 1) {
    shown.category = input.categories[static_cast<std::size_t>(place / segments)];
    shown.segment = input.segments[static_cast<std::size_t>(place % segments)];
  }
  shown.customers = series.customers[static_cast<std::size_t>(place)];
  const std::span<const double> values = series.of(place);
  const auto first = std::ranges::find_if(values, [](double value) { return value > 0; });
  shown.first_period = first - values.begin();
  shown.values.assign(first, values.end());
  for (Index period = shown.first_period; period < series.periods; ++period) {
    const Index buyers = series.buyers[static_cast<std::size_t>(place * series.periods + period)];
    shown.is_printed.push_back(buyers == 0 || buyers >= least);
  }
  return shown;
}

/// Past values of the parts add up to those of all: in a period in which a part is not printed, the printed one of the
/// fewest customers is not printed either, so that what is missing is of at least as many as may be written.
/// `places`: of the shown parts in `series`, which follow that of all.
void protect_parts(const DemandSeries& series, std::span<const Index> places, DemandFindings& found) {
  const Index parts = std::ssize(series.customers) - 1;
  const auto buyers_in = [&](Index place, Index period) {
    return series.buyers[static_cast<std::size_t>(place * series.periods + period)];
  };
  for (Index period = 0; period < series.periods; ++period) {
    Index with_buyers = 0;
    for (Index place = 0; place < parts; ++place) with_buyers += buyers_in(place, period) > 0 ? 1 : 0;
    Index printed = 0;
    Index fewest_buyers = 0;
    ShownSeries* fewest = nullptr;
    for (std::size_t part = 0; part < places.size(); ++part) {
      ShownSeries& shown = found.series[part + 1];
      const Index buyers = buyers_in(places[part], period);
      if (buyers == 0 || period < shown.first_period) continue;
      if (!shown.is_printed[static_cast<std::size_t>(period - shown.first_period)]) continue;
      ++printed;
      if (fewest != nullptr && buyers >= fewest_buyers) continue;
      fewest = &shown;
      fewest_buyers = buyers;
    }
    if (fewest != nullptr && printed < with_buyers)
      fewest->is_printed[static_cast<std::size_t>(period - fewest->first_period)] = false;
  }
}

/// The series that may be written, that of all first; counts the others.
void choose_series(const DemandInput& input, const DemandSeries& series, Index least, const std::string& data,
                   DemandFindings& found) {
  const Index all = input.groups.series() - 1;
  if (series.customers[static_cast<std::size_t>(all)] < least) {
    throw AgreedError(
        ExitCode::bad_data,
        fmt::format("{}: fewer than {} customers have bought something in whole periods; expected more", data, least));
  }
  found.series.push_back(shown_series(input, series, all, least));
  const bool is_divided = all > 1 || !input.categories.front().empty() || !input.segments.front().empty();
  std::vector<Index> places;
  for (Index place = 0; place < all && is_divided; ++place) {
    const Index customers = series.customers[static_cast<std::size_t>(place)];
    if (customers == 0) {
      ++found.empty;
    } else if (customers < least) {
      ++found.hidden;
    } else {
      found.series.push_back(shown_series(input, series, place, least));
      places.push_back(place);
    }
  }
  if (is_divided) protect_parts(series, places, found);
}

/// Means over series, and how often each method was taken.
void summarize(DemandFindings& found) {
  double scaled = 0;
  found.mase = found.naive_mase = found.coverage = 0;
  for (const ShownSeries& series : found.series) {
    const SeriesForecast& forecast = series.forecast;
    if (forecast.origins == 0) {
      ++found.untested;
      continue;
    }
    ++found.methods[static_cast<std::size_t>(forecast.method)];
    found.coverage += forecast.coverage;
    bool has_scale = false;
    for (const MethodTrial& trial : forecast.trials) {
      has_scale = has_scale || !std::isnan(trial.mase);
      if (std::isnan(trial.mase)) continue;
      if (trial.method == forecast.method) found.mase += trial.mase;
      if (trial.method == ForecastMethod::naive) found.naive_mase += trial.mase;
      if (trial.method == ForecastMethod::holt_winters_additive) found.has_seasons = true;
    }
    scaled += has_scale ? 1 : 0;
  }
  constexpr double nothing = std::numeric_limits<double>::quiet_NaN();
  found.mase = scaled > 0 ? found.mase / scaled : nothing;
  found.naive_mase = scaled > 0 ? found.naive_mase / scaled : nothing;
  found.coverage = found.tested() > 0 ? found.coverage / static_cast<double>(found.tested()) : nothing;
}

}  // namespace

void forecast_demand(const DemandOptions& options, JobContext& context) {
  const Communicator& comm = context.comm;
  agree_on(comm, [&] { require_sense(options); });
  for (const std::string& path : {options.output, options.report}) {
    if (!path.empty()) check_output(comm, path);
  }

  // 1. Read the orders, and add them up by series and period.
  auto timer = std::make_unique<Report::PhaseTimer>(context.report, "read");
  const DemandInput input = read_demand(context, options);
  const DemandSeries series =
      demand_series(comm, input.orders, input.periods, input.groups,
                    options.unit == DemandUnit::orders ? DemandMeasure::orders : DemandMeasure::value);
  DemandFindings found;
  found.periods = input.periods;
  found.left_out_first = input.left_out_first;
  found.left_out_last = input.left_out_last;
  found.unpriced_lines = input.unpriced_lines;
  choose_series(input, series, options.least_group, options.data, found);

  // 2. Forecast each by the method that its past prefers.
  timer = std::make_unique<Report::PhaseTimer>(context.report, "forecast");
  std::vector<std::span<const double>> values;
  for (const ShownSeries& each : found.series) values.emplace_back(each.values);
  std::vector<SeriesForecast> forecasts = forecast_all(comm, values, options.rule());
  for (std::size_t each = 0; each < forecasts.size(); ++each) found.series[each].forecast = std::move(forecasts[each]);
  summarize(found);
  timer.reset();

  // 3. Say it, and write it.
  for (const std::string& sentence : demand_sentences(options, found)) context.report.line(sentence);
  for (const std::string& warning : demand_warnings(options, found)) context.report.warning(warning);
  if (comm.is_root()) print_result(demand_table(found));
  const nlohmann::ordered_json json =
      demand_json(options, found, input.data_digest, context.provenance("demand", input.data_digest).version);
  write_from_root(context, options.output, options.writes_csv() ? demand_csv(found) : json_text(json, 1) + "\n");
  if (!options.report.empty()) write_from_root(context, options.report, demand_page(json_text(json, one_line)));
  context.report.event("demand", {{"series", std::ssize(found.series)},
                                  {"periods", found.periods.count},
                                  {"hidden_series", found.hidden},
                                  {"untested_series", found.untested},
                                  {"mase", found.mase},
                                  {"naive_mase", found.naive_mase},
                                  {"coverage", found.coverage}});
}

namespace {

RunJob describe_demand(boost::program_options::options_description& description) {
  const auto options = std::make_shared<DemandOptions>();
  describe_demand_options(description, *options);
  return {[options](JobContext& context) { forecast_demand(*options, context); },
          [options] { require_sense(*options); }};
}

}  // namespace

Job demand_job() {
  return {"demand", "what is bought in the next weeks, by category and segment: dataset -> forecasts", notes,
          describe_demand};
}

}  // namespace rankwise
