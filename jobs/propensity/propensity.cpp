// Sample runs:
//   rankwise propensity --profile march.h5 --outcomes june.h5 --within 90d --output scores.h5 --report propensity.html
//   rankwise propensity --profile march.h5 --outcomes june.h5 --target 'category = toys' --score june-profile.h5
//     --output toys.csv

#include "jobs/propensity/propensity.hpp"

#include <boost/program_options.hpp>
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "io/config/json_text.hpp"
#include "io/files/commit.hpp"
#include "jobs/profile/printed_counts.hpp"
#include "jobs/propensity/feature_columns.hpp"
#include "jobs/propensity/findings.hpp"
#include "jobs/propensity/propensity_report.hpp"
#include "jobs/propensity/score_output.hpp"
#include "jobs/propensity/target_outcomes.hpp"
#include "jobs/run/standard_output.hpp"
#include "jobs/run/text_output.hpp"

namespace rankwise {

namespace {

constexpr std::string_view notes =
    R"(A customer of the profile has bought if there is a purchase in the period: an order whose values add up to 0 or more; of a
condition, a line above 0 of such an item. Money is the sum of values, returns subtracted. Days are UTC.
Users of the profile without a purchase (column orders) are left out: they are in it only because of what they bought later.
Terms: numbers less their mean, over their standard deviation; a missing one counts as the mean, and a term says so if at
least ten customers miss it. Of a column of categories, the one with the most customers has no term: the others are compared
with it. Categories of fewer than ten customers, and those beyond --most-categories, are one: (others). A term that is a
combination of those before it is left out.
  logistic   minimizes sum log(1 + exp(s)) - y s + L / 2 sum b^2, by Newton's method; s = b0 + x b
  ridge      minimizes sum (y - s)^2 + L sum b^2
The intercept b0 has no penalty. --penalty auto: customers times 1e-6, 1e-5, ..., 10, of which the one with the least loss out
of fold is taken. Intervals are of 95%, normal, from the inverse of X'WX + L I: of the penalized fit, which draws coefficients
to 0; they do not know that the penalty was chosen. Folds are drawn by --seed and the customers' ids.
  AUC        chance that a buyer has a higher probability than another customer, ties half; interval of DeLong et al. 1988
  baselines  the share of buyers for all (mean money); and the column recency_days alone, by the same folds, with L = 1
Quality is out of fold: each customer is predicted by a model of the other folds. So are the scores, unless --score names
another profile, whose customers get those of the model of all. No group of fewer than ten buyers or ten others is shown.
Factors in a profile must be of a model that was trained before the period: nothing in the file says so.)";

}  // namespace

void predict_customers(const PropensityOptions& options, JobContext& context) {
  const Communicator& comm = context.comm;
  agree_on(comm, [&] { require_sense(options); });
  for (const std::string& path : {options.output, options.report, options.json}) {
    if (!path.empty()) check_output(comm, path);
  }

  // 1. Read the customers as they were, and what they did then.
  auto timer = std::make_unique<Report::PhaseTimer>(context.report, "read");
  const ProfileRows customers = read_profile_rows(context, options.profile, options.columns);
  std::optional<ProfileRows> scored;
  if (!options.score.empty()) scored = read_profile_rows(context, options.score, options.columns);
  const TargetOutcomes outcomes = read_outcomes(context, options, customers);

  // 2. Fit, and see whether it comes true for customers that a fit has not seen.
  timer = std::make_unique<Report::PhaseTimer>(context.report, "fit");
  const PropensityFindings found = fit_propensity(context, options, customers, outcomes.values);
  timer.reset();

  // 3. Say it, and write it.
  for (const std::string& sentence : propensity_sentences(found, outcomes)) context.report.line(sentence);
  for (const std::string& warning : propensity_warnings(found, outcomes)) context.report.warning(warning);
  if (comm.is_root()) print_result(propensity_table(found));
  const ScoreFindings scores = write_scores(context, options, customers, scored, found, outcomes);
  const nlohmann::ordered_json json =
      propensity_json(options, found, outcomes, customers, scores, context.provenance("propensity", 0).version);
  if (!options.json.empty()) write_from_root(context, options.json, json_text(json, 1) + "\n");
  if (!options.report.empty()) write_from_root(context, options.report, propensity_page(json_text(json, one_line)));
  context.report.event("propensity", {{"customers", found.customers},
                                      {"buyers", count_field(found.printed_buyers())},
                                      {"terms", std::ssize(found.features.terms) - 1},
                                      {"penalty", found.penalty()},
                                      {"auc", found.quality.ranking.auc},
                                      {"log_loss", found.quality.log_loss},
                                      {"squared_error", found.quality.squared_error},
                                      {"calibration_error", found.quality.calibration_error}});
}

namespace {

RunJob describe_propensity(boost::program_options::options_description& description) {
  const auto options = std::make_shared<PropensityOptions>();
  describe_propensity_options(description, *options);
  return {[options](JobContext& context) { predict_customers(*options, context); },
          [options] { require_sense(*options); }};
}

}  // namespace

Job propensity_job() {
  return {"propensity", "who buys next, or for how much: profile + later orders -> scores, coefficients, quality",
          notes, describe_propensity};
}

}  // namespace rankwise
