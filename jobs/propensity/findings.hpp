#pragma once
// What a regression of outcomes on a profile finds: the fit, how good its predictions are out of fold, and what to
// doubt.

#include <optional>
#include <string>
#include <vector>

#include "distributed/regression/cross_validation.hpp"
#include "distributed/regression/feature_terms.hpp"
#include "distributed/regression/prediction_quality.hpp"
#include "distributed/regression/regression_fit.hpp"
#include "jobs/propensity/feature_columns.hpp"
#include "jobs/propensity/propensity_settings.hpp"
#include "jobs/propensity/target_outcomes.hpp"
#include "jobs/run/job.hpp"
#include "kernels/statistics/estimates.hpp"

namespace rankwise {

/// A prediction that costs nothing, on the same customers.
struct BaselineFindings {
  std::string name;  ///< "share of buyers", "recency_days alone"
  PredictionQuality quality;
  LossDifference gain;  ///< of the model over it
};

struct PropensityFindings {
  RegressionModel model = RegressionModel::logistic;
  std::string target;
  Index customers = 0;         ///< with a purchase until the day of the analysis: who are learned from
  Index without_purchase = 0;  ///< the others of the profile
  Index buyers = 0;            ///< with an outcome above 0
  double mean_outcome = 0;
  Index folds = 0;
  FeatureTerms features;            ///< terms that depend on others are not among them
  std::vector<ColumnNote> dropped;  ///< terms that depend on those before them, and columns without a term
  CrossValidation validation;
  RegressionFit fit;          ///< of all customers
  PredictionQuality quality;  ///< out of fold
  std::vector<BaselineFindings> baselines;
  std::vector<std::string> doubts;

  /// Nothing if all but fewer than ten bought.
  [[nodiscard]] std::optional<Index> printed_buyers() const;
  [[nodiscard]] double penalty() const { return validation.trials[validation.best].penalty; }
};

/// Normal, of 95%.
[[nodiscard]] Interval interval_of(double estimate, double standard_error);

/// Collective over context.comm; throws AgreedError(bad_data) if there are too few outcomes to learn from, or no
/// column.
[[nodiscard]] PropensityFindings fit_propensity(const JobContext& context, const PropensityOptions& options,
                                                const ProfileRows& customers, const std::vector<double>& outcomes);

}  // namespace rankwise
