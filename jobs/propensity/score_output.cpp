#include "jobs/propensity/score_output.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <utility>

#include "io/profile/propensity_file.hpp"
#include "jobs/profile/printed_counts.hpp"
#include "kernels/text/counted.hpp"

namespace rankwise {

namespace {

/// Scores of the customers of --score. Collective.
std::vector<double> score_customers(const JobContext& context, const PropensityOptions& options,
                                    const ProfileRows& customers, const PropensityFindings& found,
                                    ScoreFindings& about) {
  const DesignMatrix design = agree_on(context.comm, [&] {
    try {
      return design_of(found.features.terms, customers.table);
    } catch (const Error& error) {
      throw Error(error.code(), fmt::format("--score: {} {}", options.score, error.what()));
    }
  });
  about.unknown_categories = context.comm.sum(unknown_levels(found.features, customers.table));
  return predictions_of(found.model, linear_scores(design, found.fit.coefficients));
}

std::vector<ModelTerm> model_terms(const PropensityFindings& found) {
  constexpr double nothing = std::numeric_limits<double>::quiet_NaN();
  std::vector<ModelTerm> terms;
  for (std::size_t t = 0; t < found.features.terms.size(); ++t) {
    const FeatureTerm& term = found.features.terms[t];
    const bool is_number = term.kind == TermKind::number;
    terms.push_back({term.name(), term.column, term.level, found.fit.coefficients[t], found.fit.standard_errors[t],
                     is_number ? term.mean : nothing, is_number ? term.deviation : nothing});
  }
  return terms;
}

/// The table of the scores; `customers` are its own.
Profile table_of(const ProfileRows& customers, const PropensityFindings& found, std::vector<double> scores,
                 bool out_of_fold) {
  const bool is_probability = found.model == RegressionModel::logistic;
  Numbers marks;
  for (const double score : scores) marks.push_back(std::isnan(score) ? score : out_of_fold ? 1.0 : 0.0);
  Profile profile;
  profile.ids = customers.ids;
  profile.analysis_day = customers.analysis_day;
  profile.table = {customers.table.rows, customers.table.total_rows, {}};
  profile.table.columns.push_back({is_probability ? "probability" : "expected_money", std::move(scores)});
  profile.table.columns.push_back({"out_of_fold", std::move(marks)});
  profile.definitions = {is_probability ? "probability that the customer buys in the period: " + found.target
                                        : "money that the customer is expected to spend in the period: " + found.target,
                         "1: by a model that has not seen what this customer did in the period"};
  return profile;
}

}  // namespace

ScoreFindings write_scores(JobContext& context, const PropensityOptions& options, const ProfileRows& customers,
                           const std::optional<ProfileRows>& scored, const PropensityFindings& found,
                           const TargetOutcomes& outcomes) {
  ScoreFindings about;
  about.out_of_fold = !scored;
  const ProfileRows& rows = scored ? *scored : customers;
  std::vector<double> scores =
      scored ? score_customers(context, options, rows, found, about) : found.validation.predictions;
  for (std::size_t row = 0; row < scores.size(); ++row) {
    if (rows.are_customers[row] == 0) scores[row] = std::numeric_limits<double>::quiet_NaN();
  }
  const Index negative =
      context.comm.sum(static_cast<Index>(std::ranges::count_if(scores, [](double score) { return score < 0; })));
  if (negative > 0) {
    context.report.warning(fmt::format(
        "{} an expected money below 0, as a line may say: take it as 0",
        is_few(negative) ? std::string("some customers have") : fmt::format("{} have", counted(negative, "customer"))));
    context.report.event("negative_scores", {{"customers", negative}});
  }
  about.customers = rows.customers;
  about.without_purchase = rows.ids.total_rows - rows.customers;
  about.analysis_day = rows.analysis_day;
  const Profile table = table_of(rows, found, std::move(scores), about.out_of_fold);
  if (options.writes_csv()) {
    write_profile_csv(context.comm, options.output, table);
  } else {
    write_propensity(context.comm, options.output, table, model_terms(found), outcomes.last_day,
                     context.provenance(propensity_kind, rows.provenance.dataset_digest), options.deflate_level);
  }
  context.report.line(fmt::format("wrote {}: scores of {}", options.output, counted(about.customers, "customer")));
  if (scored && about.without_purchase > 0) {
    context.report.warning(fmt::format("--score: {} of {} have no purchase, and so no score",
                                       is_few(about.without_purchase) || is_few(about.customers)
                                           ? std::string("some")
                                           : std::to_string(about.without_purchase),
                                       counted(rows.ids.total_rows, "user")));
  }
  if (about.unknown_categories > 0) {
    context.report.warning(
        fmt::format("--score: {} {} a category that the fit did not know: it counts as one of the others",
                    counted(about.unknown_categories, "value"), verb(about.unknown_categories, "has", "have")));
  }
  return about;
}

}  // namespace rankwise
