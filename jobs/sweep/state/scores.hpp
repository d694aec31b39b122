#pragma once
// What records say about trials: scores over folds, who goes on, who wins, and how sure that is. Pure functions.

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "jobs/sweep/state/records.hpp"
#include "kernels/statistics/paired_test.hpp"

namespace rankwise {

/// A trial at one rung, of which every fold is known.
struct TrialScore {
  std::size_t trial = 0;
  std::size_t rung = 0;
  std::vector<double> folds;  ///< values of the metric
  /// Of one fold the values of its users, in the records' order, as far as these have them. The records outlive this.
  std::span<const double> users = {};
  double mean = 0;
  double standard_deviation = 0;  ///< over folds; NaN of one fold
  double baseline = 0;            ///< als, itemcf: mean over folds of popularity, or of mean and biases; NaN of kmeans
  double stability = 1;           ///< kmeans: mean over repeats
  PairedTest behind_best{};       ///< the best trial of its rung against it; of the best itself zeros
  double behind_best_confidence = 0;  ///< half of the 95% interval of that difference; NaN where it has no error
};

/// What the plan's rule takes.
struct Selection {
  std::size_t chosen = 0;            ///< place in ranked scores
  std::vector<std::size_t> as_good;  ///< places of the trials that it chose from, the best first
};

/// Of the trial at the rung; nothing where a fold's record is missing or its value is no number.
[[nodiscard]] std::optional<TrialScore> score_of(const SweepPlan& plan, const Records& records, std::size_t trial,
                                                 std::size_t rung);

/// The trials of a rung, ascending: all of the first, then the best of those of the rung before whose every fold is
/// known.
[[nodiscard]] std::vector<std::size_t> trials_of_rung(const SweepPlan& plan, const Records& records, std::size_t rung);

/// Each trial with a score, at the last rung where it has one, ranked: later rungs first, then by mean; each beside the
/// first of its rung.
[[nodiscard]] std::vector<TrialScore> ranked_scores(const SweepPlan& plan, const Records& records);

/// Places in the plan's tasks of those that are wanted, as far as is known, and have no record.
[[nodiscard]] std::vector<std::size_t> missing_tasks(const SweepPlan& plan, const Records& records);

/// The trial that the plan's rule takes among those of the latest rung. `ranked` is not empty.
[[nodiscard]] Selection selected(const SweepPlan& plan, const std::vector<TrialScore>& ranked);

/// One against another, fold by fold: differences in favour of the first, corrected for folds that share training data.
/// Of one fold user by user; it has no standard error if users are not known.
[[nodiscard]] PairedTest compare_pairs(const SweepPlan& plan, const TrialScore& first, const TrialScore& other);

/// Share of the variance of the trials' means at the first rung that each varied parameter explains alone (eta
/// squared; a range in quarters of its values). Empty of fewer than three trials.
[[nodiscard]] std::map<std::string, double> parameter_importance(const SweepPlan& plan, const Records& records);

/// What may make these scores look better than the truth, one sentence each. `paired_users`: by how many users trials
/// are compared; 0: by folds.
[[nodiscard]] std::vector<std::string> leakage_notes(const SweepPlan& plan, std::size_t paired_users);

}  // namespace rankwise
