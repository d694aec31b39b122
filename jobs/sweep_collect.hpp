#pragma once
// `rankwise sweep collect` and `sweep refit`: what a sweep found, and the model that follows from it.

#include <string>

#include "jobs/job.hpp"
#include "jobs/sweep_scores.hpp"

namespace rankwise {

/// Everything that records say, for table, CSV, JSON and HTML.
struct SweepResults {
  const SweepPlan& plan;
  Records records;
  std::vector<TrialScore> ranked;
  std::size_t chosen = 0;  ///< place in ranked
  std::map<std::string, double> importance;
  std::vector<std::string> notes;

  [[nodiscard]] const TrialScore& winner() const { return ranked[chosen]; }
  /// The best of the others; nothing where there is none of the same rung.
  [[nodiscard]] const TrialScore* runner_up() const;
  /// Epochs that all recorded tasks have trained, and all that the first records of the plan's grid would have.
  [[nodiscard]] Index trained_epochs() const;
  [[nodiscard]] double measured_core_hours() const;
  /// Of the same tasks.
  [[nodiscard]] double predicted_core_hours() const;
};

/// Throws Error(bad_data) where no trial has all of its folds.
[[nodiscard]] SweepResults sweep_results(const SweepPlan& plan, const std::string& directory);

/// Prints the table and writes DIR/results: summary.json, trials.csv, report.html and winner.ini. Collective over
/// context.comm, one rank; throws AgreedError.
void collect_sweep(const SweepPlan& plan, const std::string& directory, JobContext& context);

[[nodiscard]] std::string results_json(const SweepResults& results);
[[nodiscard]] std::string results_csv(const SweepResults& results);
/// The options of the chosen trial, for `rankwise als --config`.
[[nodiscard]] std::string winner_ini(const SweepResults& results);

[[nodiscard]] Job sweep_collect_job();

}  // namespace rankwise
