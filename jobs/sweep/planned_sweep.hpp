#pragma once
// From options to a sweep's plan. Pure functions of the options and of what is known of the data.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "distributed/planning/epoch_model.hpp"
#include "jobs/planning/prediction.hpp"
#include "jobs/sweep/plan/built_in_search.hpp"
#include "jobs/sweep/plan/plan.hpp"

namespace rankwise {

/// Of --min-stability.
inline constexpr double usual_least_stability = 0.8;

struct SweepPlanOptions {
  std::string directory;
  SweptJob job = SweptJob::als;
  std::string data;
  std::map<std::string, std::string> texts;  ///< options of the job, as values or as what to search
  SearchDesign search = SearchDesign::grid;
  Index trials = 0;  ///< of every search but the grid
  Index most_trials = 0;
  double most_core_hours = 0;    ///< 0: no limit
  double budget_core_hours = 0;  ///< of a built-in search; 0: its usual number of trials
  std::string validation;        ///< empty: the job's default
  std::string optimize;          ///< likewise
  std::string more_metrics;
  std::optional<Direction> direction;
  SelectionRule rule = SelectionRule::one_standard_error;
  double least_stability = usual_least_stability;
  Index epochs = 16;
  double halving = 0;  ///< 0: no halving
  Index halving_epochs = 0;
  bool has_paths = false;
  Index trials_per_program = 1;
  int ranks = 1;
  int threads_per_rank = 1;
  NetworkRate network;
  double calibration_seconds = usual_calibration_seconds;
  std::vector<std::string> reuse;
};

/// What a plan needs to know of the data.
struct SweptData {
  std::uint64_t digest = 0;
  std::uint64_t tables_digest = 0;  ///< of a dataset with tables
  std::vector<Index> fold_numbers;  ///< distinct ones of the log's folds, ascending
  bool has_validation = false;      ///< whether it is a dataset with a validation part
  SearchedData searched = {};
};

/// Whether no trial of als predicts ratings.
[[nodiscard]] bool always_implicit(const SweepPlanOptions& options);

/// The plan that the options ask for, without predictions; of options that name nothing to search, that of the built-in
/// search. Throws Error(usage).
[[nodiscard]] SweepPlan make_plan(const SweepPlanOptions& options, const SweptData& data, std::uint64_t seed);

/// "interactions:5@2" as one text per fold and repeat: "interactions:1/5", ... "interactions:5/5@2"; "column" as one
/// for each number, "column:0", ...; "seeds:3" as "seed:0" to "seed:2" from `seed` on. Throws Error(usage).
[[nodiscard]] std::vector<std::string> fold_texts(const std::string& validation, SweptJob job,
                                                  const std::vector<Index>& fold_numbers, std::uint64_t seed);

/// Leaves out the last trials of a predicted plan until it takes no more than the options' budget, if they have one.
/// Throws Error(usage) if one trial takes more.
void fit_into_budget(SweepPlan& plan, const SweepPlanOptions& options, const SweptData& data);

}  // namespace rankwise
