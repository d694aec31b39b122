#include <cmath>
#include <fmt/format.h>

#include "io/text/csv_field.hpp"
#include "jobs/demand/demand_report.hpp"
#include "jobs/profile/day_options.hpp"
#include "kernels/text/counted.hpp"

namespace rankwise {

namespace {

constexpr double poor_coverage = 0.1;  // less than was asked for

std::string number_field(const std::vector<double>& numbers, std::size_t place) {
  return numbers.empty() ? std::string() : fmt::format("{}", numbers[place]);
}

}  // namespace

std::string DemandFindings::begin_of(Index place) const {
  return day_text(periods.first_day + place * periods.days);
}

std::vector<std::string> demand_sentences(const DemandOptions& options, const DemandFindings& found) {
  std::vector<std::string> sentences;
  sentences.push_back(fmt::format(
      "{} of {}, the first begins on {}, the last on {}.", fmt::format("{} series", found.series.size()),
      counted(found.periods.count, options.period_word()), found.begin_of(0), found.begin_of(found.periods.count - 1)));
  if (found.tested() > 0 && !std::isnan(found.mase)) {
    sentences.push_back(fmt::format(
        "In the back-test, the chosen forecasts are wrong by {:.3g} times the usual change from one {} to the "
        "next; the last value as forecast by {:.3g} times.",
        found.mase, options.period_word(), found.naive_mase));
  }
  if (found.tested() > 0) {
    sentences.push_back(fmt::format("Intervals are to hold {} of what comes; in the back-test they held {}.",
                                    percent(options.confidence), percent(found.coverage)));
  }
  const ShownSeries& all = found.series.front();
  const double next = all.forecast.forecast.front();
  sentences.push_back(
      fmt::format("All together, the {} from {} on is expected to have {:.6g}{}.", options.period_word(),
                  found.begin_of(found.periods.count), next,
                  all.forecast.low.empty()
                      ? std::string()
                      : fmt::format(" ({:.6g} to {:.6g})", all.forecast.low.front(), all.forecast.high.front())));
  return sentences;
}

std::vector<std::string> demand_warnings(const DemandOptions& options, const DemandFindings& found) {
  std::vector<std::string> warnings;
  const char* const word = options.period_word();
  if (!found.left_out_first.empty())
    warnings.push_back(
        fmt::format("the log begins on {}, within a {}: this {} is left out", found.left_out_first, word, word));
  if (!found.left_out_last.empty())
    warnings.push_back(
        fmt::format("the last {}, from {} on, is not known to be finished: it is left out", word, found.left_out_last));
  if (found.unpriced_lines > 0) {
    warnings.push_back(fmt::format("--money: {} of items without a number in this column {} as 0",
                                   counted(found.unpriced_lines, "line"),
                                   verb(found.unpriced_lines, "counts", "count")));
  }
  if (options.least_group < 10)
    warnings.push_back(
        fmt::format("--least-group {}: numbers about fewer than ten customers are written", options.least_group));
  if (found.hidden > 0) {
    warnings.push_back(fmt::format("{} series {} fewer than {} customers: not written", found.hidden,
                                   verb(found.hidden, "has", "have"), options.least_group));
  }
  if (found.untested > 0) {
    warnings.push_back(
        fmt::format("{} series {} too short for a back-test: the forecast is the mean, without an interval",
                    found.untested, verb(found.untested, "is", "are")));
  }
  if (!found.has_seasons) {
    warnings.push_back(
        fmt::format("no series has two seasons of {} {}s before the back-test: Holt-Winters is not "
                    "fitted",
                    options.rule().season_length, word));
  }
  if (found.tested() > 0 && found.coverage < options.confidence - poor_coverage) {
    warnings.push_back(fmt::format("intervals are too narrow: in the back-test they held {} of what came, not {}",
                                   percent(found.coverage), percent(options.confidence)));
  }
  return warnings;
}

std::string demand_table(const DemandFindings& found) {
  std::string text = fmt::format("{:>8}  method that the back-test prefers\n", "series");
  for (const ForecastMethod method : all_forecast_methods)
    text += fmt::format("{:>8}  {}\n", found.methods[static_cast<std::size_t>(method)], forecast_method_name(method));
  if (found.untested > 0) text += fmt::format("{:>8}  mean, without a test\n", found.untested);
  return text;
}

std::string demand_csv(const DemandFindings& found) {
  std::string text = "category,segment,begins,method,forecast,low,high\n";
  for (const ShownSeries& series : found.series) {
    const SeriesForecast& forecast = series.forecast;
    for (std::size_t step = 0; step < forecast.forecast.size(); ++step) {
      text += fmt::format("{},{},{},{},{},{},{}\n", csv_field(series.category), csv_field(series.segment),
                          found.begin_of(found.periods.count + static_cast<Index>(step)),
                          forecast_method_name(forecast.method), forecast.forecast[step],
                          number_field(forecast.low, step), number_field(forecast.high, step));
    }
  }
  return text;
}

}  // namespace rankwise
