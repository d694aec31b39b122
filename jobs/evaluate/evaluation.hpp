#pragma once
// What an evaluation finds; the same on every rank.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "distributed/evaluation/heldout_rows.hpp"
#include "distributed/evaluation/paired_difference.hpp"
#include "distributed/log/split_figures.hpp"
#include "distributed/probability/reliability.hpp"
#include "jobs/evaluate/models/evaluated_models.hpp"
#include "jobs/evaluate/models/matched_model.hpp"
#include "jobs/evaluate/models/training_overlap.hpp"
#include "kernels/base/types.hpp"
#include "kernels/ranking/ranking_metrics.hpp"
#include "kernels/statistics/estimates.hpp"
#include "kernels/statistics/signed_rank.hpp"

namespace rankwise {

enum class IntervalKind { student, poisson_bootstrap };

/// One contender's value of a metric.
struct ValueFigures {
  double value = 0;
  double standard_error = 0;
  Interval interval;  ///< 95%
  Index users = 0;
};

/// A baseline's value, and the model's less it.
struct BaselineFigures {
  std::string name;
  ValueFigures figures;
  PairedDifference difference;
  std::optional<SignedRankTest> signed_ranks = {};  ///< Wilcoxon's, if asked for
  double p_adjusted = 1;                            ///< by Benjamini and Hochberg over the metric's baselines
};

struct MetricFigures {
  EvaluationMetric metric;
  ValueFigures model;
  IntervalKind interval_kind = IntervalKind::student;
  std::vector<BaselineFigures> baselines;  ///< the first is the yardstick

  [[nodiscard]] bool is_worse() const;
  /// Above 1 if the model is better than the yardstick; nothing over 0 and without one.
  [[nodiscard]] std::optional<double> vs_baseline() const;
};

/// A metric of some users, or of all but of some of what was held out.
struct SliceValue {
  std::string metric;
  ValueFigures model;
  std::optional<double> baseline;  ///< the yardstick's
};

struct Slice {
  std::string by;
  std::string group;
  Index users = 0;
  Index targets = 0;  ///< held-out interactions that count
  std::vector<SliceValue> values;
};

/// Ratings whose predictions are in [low, high), the last one with its end.
struct CalibrationBin {
  double low = 0;
  double high = 0;
  Index count = 0;
  double mean_prediction = 0;
  double mean_value = 0;
};

struct RecallAtCutoff {
  Index cutoff = 0;
  double model = 0;
  std::optional<double> baseline;
};

/// How well probabilities of a file come true in lists of the model.
struct ProbabilityCheck {
  std::string file;
  Index top = 0;                               ///< items of the lists
  std::optional<std::int64_t> within_seconds;  ///< after what is known; nothing: all that is held out
  Index users = 0;                             ///< with a list
  Reliability reliability;
};

struct GateVerdict {
  std::string against;
  std::string metric;
  double margin = 0;
  double confidence = 0;
  double difference = 0;          ///< in favour of the model, whichever way the metric goes
  double lower_bound = 0;         ///< of it, one-sided
  bool may_know_heldout = false;  ///< the older model, so that it may be too good
  bool passed = false;
};

/// A model that was measured, alone or in a blend.
struct ModelFacts {
  std::string file;
  std::uint64_t digest = 0;
  std::string configuration;
  bool ancestor_trained_on_all = false;
  std::optional<MatchCounts> match;  ///< of a model of another dataset
  TrainingOverlap overlap;
  double weight = 1;  ///< in the blend, as given
};

/// Of a model that was matched, with the weight 1.
[[nodiscard]] ModelFacts facts_of(const EvaluatedModel& model);

struct Evaluation {
  std::string data_file;
  std::uint64_t data_digest = 0;
  std::vector<ModelFacts> models;       ///< several: a blend
  std::string blend_scores;             ///< of a blend: how scores were normalized
  std::optional<SplitFigures> leakage;  ///< what the split gives away
  std::string definitions;
  std::string categories;  ///< the column; empty: of no metric
  std::string seen;
  bool are_candidates_new = false;  ///< lists have items without a training entry alone
  Index users = 0;                  ///< with held-out interactions
  Index interactions = 0;           ///< held out
  std::optional<RankingCounts> rankings;
  std::optional<RatingCounts> ratings;
  std::vector<MetricFigures> metrics;
  std::vector<Slice> slices;
  std::vector<CalibrationBin> calibration;
  std::vector<RecallAtCutoff> recall_by_cutoff;
  std::vector<std::string> warnings;
  std::optional<GateVerdict> gate;
  std::optional<ProbabilityCheck> probability;
};

}  // namespace rankwise
