#include "jobs/profile/profile_settings.hpp"

#include <boost/program_options.hpp>
#include <fmt/format.h>
#include <set>
#include <string_view>

#include "jobs/options/choices.hpp"
#include "jobs/options/file_option.hpp"
#include "jobs/profile/day_options.hpp"
#include "kernels/base/error.hpp"
#include "kernels/text/number_text.hpp"

namespace rankwise {

namespace {

constexpr double usual_horizon_days = 90;
constexpr double usual_discount = 0.1;

/// "0.1/year", or the number alone.
double parse_discount(const std::string& text) {
  std::string_view number = text;
  constexpr std::string_view per_year = "/year";
  if (number.ends_with(per_year)) number.remove_suffix(per_year.size());
  const std::optional<double> rate = finite_number(number);
  if (rate && *rate >= 0 && *rate <= 10) return *rate;
  throw Error(ExitCode::usage, fmt::format("--discount {}: expected a rate from 0 to 10 a year, as in 0.1/year", text));
}

}  // namespace

bool ProfileOptions::writes_csv() const {
  return output.ends_with(".csv");
}

ForecastRule ProfileOptions::forecast() const {
  return {static_cast<std::int64_t>(horizon_days.value_or(usual_horizon_days)), discount.value_or(usual_discount)};
}

void describe_profiling(boost::program_options::options_description& description, ProfileOptions& options) {
  namespace po = boost::program_options;
  // clang-format off
  description.add_options()
    ("data", read_file(&options.data)->required(), "dataset with orders, as prepare writes it with an order column or --orders day")
    ("output", written_file(&options.output, csv_or_hdf5_endings)->required(), "the profile, a row for each user: HDF5, or CSV if the name ends in .csv")
    ("at", po::value<std::string>()->value_name("DATE")->notifier(day_option("at", options.at_day)),
     "day of the analysis, as in 2025-12-31: later orders are left out. Without it the day of the last order")
    ("money", po::value(&options.money)->value_name("COLUMN"),
     "a column of numbers of the dataset's table of items: a line is worth its value times this, as of pieces and prices. Without it values are money")
    ("shares", po::value(&options.shares)->value_name("COLUMN")->composing(),
     "a categories column of the dataset's table of items: adds the share of each category in what a customer spends; may be given several times")
    ("most-shares", po::value(&options.most_shares)->value_name("N")->default_value(options.most_shares)->notifier(within<Index>("most-shares", 1, 500)),
     "so many categories of each column of --shares, those with the most lines of orders, have a share of their own; the others have one together")
    ("factors", read_file(&options.factors), "model of als: adds factor_1, factor_2, ... of its users, for kmeans --columns 'money,factor_*'")
    ("segments", read_file(&options.segments), "names of RFM segments: lines NAME,R,F,M with classes as in 4, 4-5 or *; the first line that fits counts. Without it the usual names")
    ("lifetime", po::bool_switch(&options.lifetime),
     "fit BG/NBD and Gamma-Gamma: adds the probability that customers are alive, and what they will buy within --horizon")
    ("horizon", po::value<std::string>()->value_name("DURATION")->notifier([&options](const std::string& text) { options.horizon_days = static_cast<double>(parse_days("horizon", text)); }),
     "of --lifetime: whole days from the day of the analysis on, 90d unless given")
    ("discount", po::value<std::string>()->value_name("RATE/year")->notifier([&options](const std::string& text) { options.discount = parse_discount(text); }),
     "of --lifetime: value that comes in a year is divided by 1 + RATE, 0.1/year unless given")
    ("calibrate-at", po::value<std::string>()->value_name("DATE")->notifier(day_option("calibrate-at", options.then_day)),
     "of --lifetime: also fit to the orders until this day, and compare with the purchases from then to the day of the analysis")
    ("plot", written_file(&options.plot, svg_endings), "of --calibrate-at: draw what was predicted beside what followed (SVG)")
    ("report", written_file(&options.report, json_endings), "write classes, parameters, and what was left out (JSON)")
    ("page", written_file(&options.page, {".html", ".htm"}), "write the same as a page with plots: recency by frequency, segments, what was predicted beside what followed");
  // clang-format on
  describe_compression(description, options.deflate_level);
}

void require_sense(const ProfileOptions& options) {
  const auto refuse = [](const std::string& message) { throw Error(ExitCode::usage, message); };
  const std::array<std::pair<const char*, bool>, 3> of_lifetime{{{"horizon", options.horizon_days.has_value()},
                                                                 {"discount", options.discount.has_value()},
                                                                 {"calibrate-at", options.then_day.has_value()}}};
  for (const auto& [option, is_given] : of_lifetime) {
    if (is_given && !options.lifetime) refuse(fmt::format("--{} has a meaning only with --lifetime", option));
  }
  if (!options.plot.empty() && !options.then_day) refuse("--plot has a meaning only with --calibrate-at");
  if (options.at_day && options.then_day && *options.then_day >= *options.at_day)
    refuse("--calibrate-at is not before --at; expected an earlier day");
  if (options.shares.empty() && options.most_shares != ProfileOptions().most_shares)
    refuse("--most-shares has a meaning only with --shares");
  if (std::set<std::string>(options.shares.begin(), options.shares.end()).size() < options.shares.size())
    refuse("--shares: a column is given twice");
  if (options.writes_csv() && options.deflate_level > 0) refuse("--compression has a meaning only for HDF5 files");
}

}  // namespace rankwise
