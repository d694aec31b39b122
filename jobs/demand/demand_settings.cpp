#include "jobs/demand/demand_settings.hpp"

#include <boost/program_options.hpp>
#include <fmt/format.h>

#include "jobs/options/choices.hpp"
#include "jobs/options/file_option.hpp"
#include "kernels/base/error.hpp"
#include "kernels/text/shown_text.hpp"

namespace rankwise {

namespace {

const Endings page_endings{".html", ".htm"};
const Endings output_endings{".csv", ".json"};
constexpr std::size_t week_season = 52;
constexpr std::size_t day_season = 7;

/// "COLUMN", "segment" or "COLUMN,segment".
void parse_by(const std::string& text, DemandOptions& options) {
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string name(trimmed(std::string_view(text).substr(begin, end - begin)));
    begin = end + 1;
    if (name == "segment" && !options.by_segment) {
      options.by_segment = true;
    } else if (!name.empty() && name != "segment" && options.category.empty()) {
      options.category = name;
    } else {
      throw Error(ExitCode::usage,
                  fmt::format("--by {}: expected a column of the table of items, segment, or both separated by a comma",
                              shown(text)));
    }
  }
}

}  // namespace

BacktestRule DemandOptions::rule() const {
  return {period_days == 1 ? day_season : week_season, static_cast<std::size_t>(horizon),
          static_cast<std::size_t>(origins), confidence};
}

void describe_demand_options(boost::program_options::options_description& description, DemandOptions& options) {
  namespace po = boost::program_options;
  // clang-format off
  description.add_options()
    ("data", read_file(&options.data)->required(), "dataset with orders and times")
    ("by", po::value<std::string>()->value_name("COLUMN,segment")->notifier([&options](const std::string& text) { parse_by(text, options); }),
     "a series for each category of this column of the dataset's table of items, for each segment of --segments, or for each pair; and one of all. Without it only that")
    ("segments", read_file(&options.segments), "of --by segment: a clustering of users")
    ("measure", po::value<std::string>()->value_name("quantity|money|orders")->default_value("money")->notifier(
       one_of<DemandUnit>("measure", options.unit, {{"quantity", DemandUnit::quantity}, {"money", DemandUnit::money}, {"orders", DemandUnit::orders}})),
     "quantity: the sum of values above 0, which are pieces; money: likewise of values that are money, or times --money; orders: orders with such a line")
    ("money", po::value(&options.money)->value_name("COLUMN"),
     "of --measure money: a column of numbers of the dataset's table of items, by which values are multiplied")
    ("period", po::value<std::string>()->value_name("week|day")->default_value("week")->notifier(
       one_of<Index>("period", options.period_days, {{"week", 7}, {"day", 1}})),
     "weeks begin on Mondays; days and weeks are UTC. A season is 52 weeks, or 7 days")
    ("horizon", po::value(&options.horizon)->value_name("N")->default_value(options.horizon)->notifier(within<Index>("horizon", 1, 104)),
     "forecast the next N periods")
    ("origins", po::value(&options.origins)->value_name("N")->default_value(options.origins)->notifier(within<Index>("origins", 4, 200)),
     "back-test: forecast after each of the last N periods that have a horizon behind them")
    ("confidence", po::value(&options.confidence)->value_name("SHARE")->default_value(options.confidence)->notifier(within<double>("confidence", 0.5, 0.99)),
     "so often intervals are to hold what comes")
    ("least-group", po::value(&options.least_group)->value_name("N")->default_value(options.least_group)->notifier(within<Index>("least-group", 2, 1'000'000)),
     "series of fewer customers are not written")
    ("output", written_file(&options.output, output_endings)->required(), "the forecasts, a row for each series and period: CSV, or all numbers as JSON if the name ends in .json")
    ("report", written_file(&options.report, page_endings), "write them as a page with plots");
  // clang-format on
}

void require_sense(const DemandOptions& options) {
  const auto refuse = [](const std::string& message) { throw Error(ExitCode::usage, message); };
  if (options.by_segment && options.segments.empty()) refuse("--by segment needs --segments FILE");
  if (!options.segments.empty() && !options.by_segment) refuse("--segments has a meaning only with --by segment");
  if (!options.money.empty() && options.unit != DemandUnit::money)
    refuse("--money has a meaning only with --measure money");
}

}  // namespace rankwise
