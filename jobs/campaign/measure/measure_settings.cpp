#include "jobs/campaign/measure/measure_settings.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <cmath>
#include <fmt/format.h>
#include <functional>

#include "io/text/time_text.hpp"
#include "jobs/options/choices.hpp"
#include "jobs/options/file_option.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/time_units.hpp"
#include "kernels/text/number_text.hpp"
#include "kernels/text/shown_text.hpp"
#include "kernels/text/units.hpp"

namespace rankwise {

namespace {

std::int64_t parse_start(const std::string& text) {
  try {
    return TimeReader(TimeForm::by_look, "").read(text);
  } catch (const Error&) {
    throw Error(ExitCode::usage, fmt::format("--start {}: expected a time as in 2024-10-01", shown(text)));
  }
}

std::int64_t parse_horizon(const std::string& text) {
  constexpr double most_seconds = 3650.0 * seconds_per_day;
  const double seconds = parse_duration(text).value_or(0);
  if (seconds >= 1 && seconds <= most_seconds && seconds == std::floor(seconds))
    return static_cast<std::int64_t>(seconds);
  throw Error(ExitCode::usage, fmt::format("--horizon {}: expected a duration of up to 3650d, as in 28d", shown(text)));
}

/// "10%" or "0.1"; nothing if it is no number.
std::optional<double> share_of(std::string_view number) {
  const bool is_percent = number.ends_with('%');
  if (is_percent) number.remove_suffix(1);
  const std::optional<double> share = finite_number(number);
  return share && is_percent ? std::optional(*share / 100) : share;
}

double parse_share(const std::string& text) {
  const double share = share_of(text).value_or(-1);
  if (share > 0 && share < 1) return share;
  throw Error(ExitCode::usage,
              fmt::format("--hold-out {}: expected a share above 0 and below 1, as in 10%", shown(text)));
}

/// A notifier that stores what `parse` makes of a text.
template <class Value, class Parse>
std::function<void(const std::string&)> parsed(std::optional<Value>& target, const Parse& parse) {
  return [&target, parse](const std::string& text) { target = parse(text); };
}

CampaignGoal parse_goal(const std::string& text) {
  CampaignGoal goal = CampaignGoal::revenue;
  one_of<CampaignGoal>("goal", goal,
                       {{"revenue", CampaignGoal::revenue},
                        {"margin", CampaignGoal::margin},
                        {"orders", CampaignGoal::orders},
                        {"buyers", CampaignGoal::buyers}})(text);
  return goal;
}

}  // namespace

std::optional<double> margin_share(const std::string& text) {
  const std::optional<double> share = share_of(text);
  if (!share || (*share >= 0 && *share <= 1)) return share;
  throw Error(ExitCode::usage,
              fmt::format("--margin {}: expected a share from 0 to 1, as in 0.3 or 30%, or a column", shown(text)));
}

void describe_measure_options(boost::program_options::options_description& description, MeasureOptions& options) {
  namespace po = boost::program_options;
  // clang-format off
  description.add_options()
    ("assignment", read_file(&options.assignments)->composing()->required(),
     "what campaign assign has fixed; or a table with the columns user and group of a campaign that somebody else has made; may be given several times")
    ("outcomes", read_file(&options.outcomes)->required(), "dataset of prepare with orders and times that has the purchases after the start")
    ("money", po::value(&options.money)->value_name("COLUMN"),
     "a column of numbers of the dataset's table of items: a line is worth its value times this, as of pieces and prices. Without it values are money")
    ("margin", po::value(&options.margin)->value_name("SHARE|COLUMN"),
     "what of the money is margin: a share as in 0.3 or 30%, or a column of such shares of the dataset's table of items")
    ("redemptions", read_file(&options.redemptions), "users who took an offer up, such as redeemed coupons: one id a line, or a column of a table")
    ("start", po::value<std::string>()->value_name("TIME")->notifier(parsed(options.foreign.start_microseconds, parse_start)),
     "of a table of users and groups: when outcomes begin, as in 2024-10-01")
    ("horizon", po::value<std::string>()->value_name("DURATION")->notifier(parsed(options.foreign.horizon_seconds, parse_horizon)),
     "of such a table: for how long outcomes count, as in 28d")
    ("goal", po::value<std::string>()->value_name("revenue|margin|orders|buyers")->notifier(parsed(options.foreign.goal, parse_goal)),
     "of such a table: the outcome that decides (revenue)")
    ("hold-out", po::value<std::string>()->value_name("SHARE")->notifier(parsed(options.foreign.hold_out_share, parse_share)),
     "of such a table: the share of customers that were drawn as controls, as in 10%, to check the sizes of the groups")
    ("least-group", po::value(&options.least_group)->value_name("N")->default_value(10)->notifier(within<Index>("least-group", 2, 1'000'000)),
     "nothing about fewer customers is printed, nor what totals would give back")
    ("output", written_file(&options.output, json_endings), "write all numbers as JSON")
    ("report", written_file(&options.report, {".html", ".htm"}), "write them as a page")
    ("uplift", written_file(&options.uplift, csv_endings), "write the extra margin per customer by segment and offer, for the next campaign plan and assign");
  // clang-format on
}

void require_sense(const MeasureOptions& options) {
  const auto refuse = [](const std::string& message) { throw Error(ExitCode::usage, message); };
  if (!options.margin.empty()) (void)margin_share(options.margin);
  if (!options.uplift.empty() && options.margin.empty())
    refuse("--uplift needs --margin: uplifts are margin per customer");
  if (options.foreign.goal == CampaignGoal::margin && options.margin.empty()) refuse("--goal margin needs --margin");
  if (options.assignments.size() > 1) {
    if (!options.uplift.empty()) refuse("--uplift takes one --assignment");
    if (!options.redemptions.empty()) refuse("--redemptions takes one --assignment");
  }
  for (auto path = options.assignments.begin(); path != options.assignments.end(); ++path) {
    if (std::find(options.assignments.begin(), path, *path) != path)
      refuse(fmt::format("--assignment {}: is given twice", *path));
  }
}

}  // namespace rankwise
