#include "jobs/propensity/findings.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <limits>
#include <span>

#include "distributed/comm/order_free_sum.hpp"
#include "distributed/regression/row_folds.hpp"
#include "jobs/profile/printed_counts.hpp"
#include "kernels/text/counted.hpp"

namespace rankwise {

namespace {

constexpr double recency_penalty = 1;
constexpr Index most_terms = 2000;
constexpr double least_events_of_term = 10;

/// The rows of one regression.
struct Sample {
  const Communicator& comm;
  RegressionModel model;
  const std::vector<double>& outcomes;  ///< of all rows
  std::vector<std::uint8_t> takes_part;
  std::vector<std::int32_t> folds;  ///< no_fold of rows that take no part
  std::int32_t fold_count;

  /// Of the rows that take part.
  [[nodiscard]] std::vector<double> chosen(std::span<const double> values) const {
    return values_in_folds(folds, values);
  }
  [[nodiscard]] PredictionQuality quality(std::span<const double> predictions) const {
    return measure_quality(comm, model, chosen(predictions), chosen(outcomes), least_printed);
  }
  [[nodiscard]] LossDifference gain(std::span<const double> predictions, std::span<const double> baseline) const {
    return compare_losses(comm, model, chosen(predictions), chosen(baseline), chosen(outcomes));
  }
};

Sample sample_of(const JobContext& context, const PropensityOptions& options, const ProfileRows& customers,
                 const std::vector<double>& outcomes) {
  const auto folds = static_cast<std::int32_t>(options.folds);
  Sample sample{context.comm,
                options.chosen_model(),
                outcomes,
                customers.are_customers,
                folds_of_ids(customers.ids.ids, context.common.seed, folds),
                folds};
  for (std::size_t row = 0; row < sample.folds.size(); ++row) {
    if (sample.takes_part[row] == 0) sample.folds[row] = no_fold;
  }
  return sample;
}

/// Throws unless all counts of both kinds of outcomes are at least ten, and no fold takes most of a kind. Collective.
void require_outcomes(const Sample& sample, PropensityFindings& found, const std::string& path) {
  const std::vector<double> outcomes = sample.chosen(sample.outcomes);
  found.customers = sample.comm.sum(std::ssize(outcomes));
  found.buyers =
      sample.comm.sum(static_cast<Index>(std::ranges::count_if(outcomes, [](double outcome) { return outcome > 0; })));
  found.mean_outcome = order_free_sum(sample.comm, outcomes) / static_cast<double>(found.customers);
  const Index others = found.customers - found.buyers;
  if (found.buyers < least_printed) {
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("{}: fewer than {} of the profile's customers bought in the period; expected more to "
                                  "learn from",
                                  path, least_printed));
  }
  if (found.model == RegressionModel::logistic && others < least_printed) {
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("{}: all but fewer than {} of the profile's customers bought in the period; expected "
                                  "more who did not",
                                  path, least_printed));
  }
  std::vector<Index> counts(2 * static_cast<std::size_t>(sample.fold_count));
  for (std::size_t row = 0; row < sample.folds.size(); ++row) {
    if (sample.folds[row] == no_fold) continue;
    ++counts[2 * static_cast<std::size_t>(sample.folds[row]) + (sample.outcomes[row] > 0 ? 1 : 0)];
  }
  sample.comm.all_reduce_sum(std::span<Index>(counts));
  for (std::size_t fold = 0; fold < counts.size(); fold += 2) {
    const bool leaves_others = found.model == RegressionModel::ridge || others - counts[fold] >= 2;
    if (found.buyers - counts[fold + 1] >= 2 && leaves_others) continue;
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("{}: a fold leaves too few outcomes to learn from; expected another --seed, or fewer "
                                  "--folds",
                                  path));
  }
}

/// Takes the terms out that others say already; notes them. Collective.
DesignMatrix independent_design(const Sample& sample, const Table& table, PropensityFindings& found) {
  DesignMatrix design = agree_on(sample.comm, [&] { return design_of(found.features.terms, table); });
  const WeightedSums sums(sample.comm, design);
  const std::vector<double> ones(sample.takes_part.begin(), sample.takes_part.end());
  const std::vector<Index> dependent = dependent_columns(sums.sum(sample.comm, ones, sample.outcomes));
  if (dependent.empty()) return design;
  std::vector<FeatureTerm> kept;
  for (std::size_t term = 0; term < found.features.terms.size(); ++term) {
    if (std::ranges::binary_search(dependent, static_cast<Index>(term))) {
      found.dropped.push_back({found.features.terms[term].name(), "a combination of the terms before it"});
    } else {
      kept.push_back(found.features.terms[term]);
    }
  }
  found.features.terms = std::move(kept);
  return agree_on(sample.comm, [&] { return design_of(found.features.terms, table); });
}

/// Of a constant: the share of buyers, or mean money. Collective.
BaselineFindings constant_baseline(const Sample& sample, const PropensityFindings& found) {
  const std::vector<double> constant(sample.outcomes.size(), found.mean_outcome);
  return {found.model == RegressionModel::logistic ? "share of buyers" : "mean money", sample.quality(constant),
          sample.gain(found.validation.predictions, constant)};
}

/// Of recency alone, by the same folds; nothing if the profile does not have it. Collective.
std::optional<BaselineFindings> recency_baseline(const Sample& sample, const std::optional<Table>& recency,
                                                 const PropensityFindings& found) {
  if (!recency) return std::nullopt;
  const FeatureTerms features = find_terms(sample.comm, *recency, sample.takes_part, {.least_rows = least_printed});
  if (features.terms.size() < 2) return std::nullopt;
  const DesignMatrix design = design_of(features.terms, *recency);
  const WeightedSums sums(sample.comm, design);
  const CrossValidation validation = cross_validate(sample.comm, sums, sample.model, sample.outcomes, sample.folds,
                                                    sample.fold_count, {recency_penalty});
  return BaselineFindings{"recency_days alone", sample.quality(validation.predictions),
                          sample.gain(found.validation.predictions, validation.predictions)};
}

/// Names of terms of 0 and 1 of whose customers all bought, or none. Collective.
std::vector<std::string> separating_terms(const Sample& sample, const DesignMatrix& design,
                                          const PropensityFindings& found) {
  std::vector<Index> counts(2 * static_cast<std::size_t>(design.width));
  for (Index row = 0; row < design.rows.size(); ++row) {
    if (sample.takes_part[static_cast<std::size_t>(row)] == 0) continue;
    const bool bought = sample.outcomes[static_cast<std::size_t>(row)] > 0;
    for (Index term = 0; term < design.width; ++term) {
      if (design.row(row)[term] == 1) ++counts[2 * static_cast<std::size_t>(term) + (bought ? 1 : 0)];
    }
  }
  sample.comm.all_reduce_sum(std::span<Index>(counts));
  std::vector<std::string> names;
  for (std::size_t term = 1; term < found.features.terms.size(); ++term) {
    if (found.features.terms[term].kind == TermKind::number) continue;
    if (counts[2 * term] == 0 || counts[2 * term + 1] == 0) names.push_back(found.features.terms[term].name());
  }
  return names;
}

/// Whether a score divides buyers from others. Collective.
bool is_separated(const Sample& sample, std::span<const double> scores) {
  double least_buyer = std::numeric_limits<double>::infinity();
  double largest_other = -std::numeric_limits<double>::infinity();
  for (std::size_t row = 0; row < scores.size(); ++row) {
    if (sample.takes_part[row] == 0) continue;
    if (sample.outcomes[row] > 0) {
      least_buyer = std::min(least_buyer, scores[row]);
    } else {
      largest_other = std::max(largest_other, scores[row]);
    }
  }
  return sample.comm.min(least_buyer) > sample.comm.max(largest_other);
}

/// Reasons not to trust coefficients. Collective.
void doubt_fit(const Sample& sample, const DesignMatrix& design, PropensityFindings& found) {
  if (!found.fit.has_converged || !found.validation.has_converged)
    found.doubts.emplace_back(
        "the fit has not converged: coefficients and intervals say nothing; expected a larger --penalty");
  if (found.model == RegressionModel::logistic) {
    if (is_separated(sample, linear_scores(design, found.fit.coefficients))) {
      found.doubts.emplace_back(
          "the terms separate buyers from all others without an error: the penalty alone keeps the coefficients "
          "finite. "
          "Does the profile know what came?");
    }
    if (const std::vector<std::string> names = separating_terms(sample, design, found); !names.empty()) {
      found.doubts.push_back(
          fmt::format("all customers have the same outcome under {}: the penalty alone keeps {} finite",
                      fmt::join(names, ", "), names.size() == 1 ? "its coefficient" : "their coefficients"));
    }
    const auto events = static_cast<double>(std::min(found.buyers, found.customers - found.buyers));
    const auto terms = static_cast<double>(found.features.terms.size() - 1);
    if (events < least_events_of_term * terms) {
      found.doubts.push_back(
          fmt::format("{:.0f} {} for {:.0f} terms: fewer than {:.0f} for each, so that intervals are "
                      "wide and the penalty matters",
                      events, 2 * found.buyers <= found.customers ? "buyers" : "customers who did not buy", terms,
                      least_events_of_term));
    }
  }
}

/// What predicts no better for nothing.
void doubt_quality(PropensityFindings& found) {
  for (const BaselineFindings& baseline : found.baselines) {
    if (baseline.gain.mean > 0) continue;
    found.doubts.push_back(fmt::format(
        "out of fold the model predicts no better than {}: {} {:.6g} and {:.6g}", baseline.name,
        found.model == RegressionModel::logistic ? "log loss" : "squared error",
        found.model == RegressionModel::logistic ? found.quality.log_loss : found.quality.squared_error,
        found.model == RegressionModel::logistic ? baseline.quality.log_loss : baseline.quality.squared_error));
  }
}

}  // namespace

std::optional<Index> PropensityFindings::printed_buyers() const {
  if (is_few(buyers) || is_few(customers - buyers)) return std::nullopt;
  return buyers;
}

Interval interval_of(double estimate, double standard_error) {
  constexpr double normal_quantile = 1.959963984540054;
  return {estimate - normal_quantile * standard_error, estimate + normal_quantile * standard_error};
}

PropensityFindings fit_propensity(const JobContext& context, const PropensityOptions& options,
                                  const ProfileRows& customers, const std::vector<double>& outcomes) {
  const Communicator& comm = context.comm;
  PropensityFindings found;
  found.model = options.chosen_model();
  found.target = options.target;
  found.folds = options.folds;
  const Sample sample = sample_of(context, options, customers, outcomes);
  found.without_purchase = customers.ids.total_rows - customers.customers;
  require_outcomes(sample, found, options.outcomes);

  // 1. Terms.
  found.features = find_terms(comm, customers.table, customers.are_customers, {options.most_categories, least_printed});
  found.dropped = found.features.left_out;
  const DesignMatrix design = independent_design(sample, customers.table, found);
  if (design.width < 2) {
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("{}: no column says anything of customers that differs; expected a column of numbers "
                                  "or categories",
                                  options.profile));
  }
  if (design.width > most_terms) {
    throw AgreedError(ExitCode::bad_data, fmt::format("{}: {} terms; expected at most {}: fewer --columns or "
                                                      "--most-categories",
                                                      options.profile, design.width, most_terms));
  }

  // 2. The penalty that predicts best, and the fit of all with it.
  const WeightedSums sums(comm, design);
  const std::vector<double> penalties =
      options.penalty ? std::vector<double>{*options.penalty} : usual_penalties(found.customers);
  found.validation = cross_validate(comm, sums, found.model, outcomes, sample.folds, sample.fold_count, penalties);
  const RegressionTask task{found.model, outcomes, sample.takes_part, found.penalty()};
  found.fit = fit_regression(comm, sums, task);
  measure_errors(comm, sums, task, found.fit);

  // 3. How good it is out of fold, and beside what costs nothing.
  found.quality = sample.quality(found.validation.predictions);
  found.baselines.push_back(constant_baseline(sample, found));
  if (std::optional<BaselineFindings> recency = recency_baseline(sample, customers.recency, found))
    found.baselines.push_back(*std::move(recency));
  doubt_fit(sample, design, found);
  doubt_quality(found);
  return found;
}

}  // namespace rankwise
