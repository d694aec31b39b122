#pragma once
// What a sweep found, as values and as files for other programs.

#include <map>
#include <string>
#include <vector>

#include "jobs/sweep/state/scores.hpp"

namespace rankwise {

/// What recorded tasks took, each in its last run, beside what was predicted of them; predicted 0: nothing was.
struct SweepCost {
  double core_hours = 0;
  double predicted_core_hours = 0;
  double memory_bytes = 0;  ///< of the largest rank
  double predicted_memory_bytes = 0;
};

/// Everything that records say, for table, CSV, JSON and HTML.
struct SweepResults {
  const SweepPlan& plan;
  Records records;
  std::vector<TrialScore> ranked;
  std::size_t chosen = 0;            ///< place in ranked
  std::vector<std::size_t> as_good;  ///< places of the trials that the choice was among
  std::map<std::string, double> importance;
  std::vector<std::string> notes;
  std::vector<std::size_t> missing;    ///< places of tasks without a record
  std::string user_values_fault = {};  ///< why trials on one fold are not compared by users, if they could be

  /// By how many users trials on one fold are compared; 0: they are not.
  [[nodiscard]] std::size_t paired_users() const { return ranked.front().users.size(); }

  [[nodiscard]] const TrialScore& winner() const { return ranked[chosen]; }
  /// The best of the others; nothing where there is none of the same rung.
  [[nodiscard]] const TrialScore* runner_up() const;
  /// Epochs that all recorded tasks have trained, and all that the first records of the plan's grid would have.
  [[nodiscard]] Index trained_epochs() const;
  /// Of all trials.
  [[nodiscard]] SweepCost cost() const;
  /// Of one, over its folds and rungs.
  [[nodiscard]] SweepCost cost_of(std::size_t trial) const;
};

/// "3 of 12 tasks have no record yet: t2.f1.r0, ..."; empty where none is missing.
[[nodiscard]] std::string missing_text(const SweepResults& results);

/// Throws Error(bad_data), which tells what is missing, where no trial has all of its folds.
[[nodiscard]] SweepResults sweep_results(const SweepPlan& plan, const std::string& directory);

[[nodiscard]] std::string results_csv(const SweepResults& results);
/// The options of the chosen trial, for `rankwise als --config`.
[[nodiscard]] std::string winner_ini(const SweepResults& results);

}  // namespace rankwise
