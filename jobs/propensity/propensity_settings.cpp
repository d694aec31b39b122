#include "jobs/propensity/propensity_settings.hpp"

#include <boost/program_options.hpp>
#include <fmt/format.h>

#include "io/conditions/condition_text.hpp"
#include "jobs/options/choices.hpp"
#include "jobs/options/file_option.hpp"
#include "jobs/profile/day_options.hpp"
#include "kernels/base/error.hpp"
#include "kernels/text/number_text.hpp"
#include "kernels/text/shown_text.hpp"

namespace rankwise {

namespace {

const Endings page_endings{".html", ".htm"};
constexpr double most_penalty = 1e12;

std::optional<double> parse_penalty(const std::string& text) {
  if (text == "auto") return std::nullopt;
  const std::optional<double> penalty = finite_number(text);
  if (penalty && *penalty >= 0 && *penalty <= most_penalty) return penalty;
  throw Error(ExitCode::usage,
              fmt::format("--penalty {}: expected auto, or a number from 0 to {}", shown(text), most_penalty));
}

RegressionModel parse_model(const std::string& text) {
  RegressionModel model = RegressionModel::logistic;
  one_of<RegressionModel>("model", model,
                          {{"logistic", RegressionModel::logistic}, {"ridge", RegressionModel::ridge}})(text);
  return model;
}

}  // namespace

RegressionModel PropensityOptions::chosen_model() const {
  if (model) return *model;
  return target == "money" ? RegressionModel::ridge : RegressionModel::logistic;
}

void describe_propensity_options(boost::program_options::options_description& description, PropensityOptions& options) {
  namespace po = boost::program_options;
  // clang-format off
  description.add_options()
    ("profile", read_file(&options.profile)->required(), "file of profile (HDF5), of the time before the period: its customers and columns are what the model learns from")
    ("outcomes", read_file(&options.outcomes)->required(), "dataset with orders: its orders in the period are what is to be predicted")
    ("from", po::value<std::string>()->value_name("DATE")->notifier(day_option("from", options.first_day)),
     "first day of the period, as in 2025-10-01; without it the day after that of the profile's analysis. A day that the profile knows is refused")
    ("within", po::value<std::string>()->value_name("DURATION")->notifier([&options](const std::string& text) { options.days = parse_days("within", text); }),
     "the period has so many days, as in 90d; without it all to the last order")
    ("target", po::value(&options.target)->value_name("anything|money|CONDITION")->default_value(options.target),
     "anything: a purchase; money: what customers spend; a condition on the dataset's table of items, as in 'category = toys': such an item")
    ("money", po::value(&options.money)->value_name("COLUMN"),
     "a column of numbers of the dataset's table of items: a line is worth its value times this. Without it values are money")
    ("model", po::value<std::string>()->value_name("logistic|ridge")->notifier([&options](const std::string& text) { options.model = parse_model(text); }),
     "logistic: the probability of a purchase; ridge: expected money. Without it ridge for --target money, else logistic")
    ("penalty", po::value<std::string>()->value_name("auto|L")->default_value("auto")->notifier([&options](const std::string& text) { options.penalty = parse_penalty(text); }),
     "L of the squared coefficients: scikit-learn's 1/C of LogisticRegression, and alpha of Ridge. auto: the best of eight by cross-validation")
    ("folds", po::value(&options.folds)->value_name("N")->default_value(options.folds)->notifier(within<Index>("folds", 2, 20)),
     "customers are in so many parts: each is predicted by a model of the others")
    ("columns", po::value(&options.columns)->value_name("LIST"),
     "columns of the profile, of which the last sign may be a star, as in 'money,factor_*'; without it all of numbers and categories")
    ("most-categories", po::value(&options.most_categories)->value_name("N")->default_value(options.most_categories)->notifier(within<Index>("most-categories", 2, 500)),
     "so many categories of a column, those with the most customers, count for themselves; the others are one")
    ("score", read_file(&options.score), "another file of profile with the same columns, as of today: its customers get the scores")
    ("output", written_file(&options.output, csv_or_hdf5_endings)->required(), "the scores, a row for each customer: HDF5, or CSV if the name ends in .csv")
    ("report", written_file(&options.report, page_endings), "write coefficients and quality as a page with plots")
    ("json", written_file(&options.json, json_endings), "write them as JSON");
  // clang-format on
  describe_compression(description, options.deflate_level);
}

void require_sense(const PropensityOptions& options) {
  const auto refuse = [](const std::string& message) { throw Error(ExitCode::usage, message); };
  const RegressionModel model = options.chosen_model();
  if (options.target == "anything" && model == RegressionModel::ridge)
    refuse("--model ridge predicts money; expected --target money, or a condition");
  if (options.target == "money" && model == RegressionModel::logistic)
    refuse("--model logistic predicts purchases; expected --target anything, or a condition");
  if (!options.money.empty() && model == RegressionModel::logistic && options.is_of_condition())
    refuse("--money has no meaning for --model logistic with a condition");
  if (options.is_of_condition()) static_cast<void>(parse_condition("--target", options.target));
  if (options.writes_csv() && options.deflate_level > 0) refuse("--compression has a meaning only for HDF5 files");
}

}  // namespace rankwise
