#pragma once
// What a sweep is going to do: an immutable value, written once into the sweep's directory as plan.json.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "jobs/sweep/plan/search.hpp"

namespace rankwise {

enum class SweptJob { als, itemcf, kmeans };

/// As on the command line.
[[nodiscard]] const char* job_name(SweptJob job);
/// Whether its trials train on folds of a dataset, on which evaluate measures them; clusterings measure themselves, and
/// are repeated with other seeds.
[[nodiscard]] constexpr bool trains_on_folds(SweptJob job) {
  return job != SweptJob::kmeans;
}
/// Whether it trains for a number of epochs that is stated, so that rungs, paths and predictions have a meaning.
[[nodiscard]] constexpr bool has_epochs(SweptJob job) {
  return job == SweptJob::als;
}

/// best: the best mean over folds; one_standard_error: of those that are not worse than the best by more than one
/// standard error of the paired difference the simplest, then the better mean (after Breiman et al., 1984, whose
/// standard error is of the mean itself: folds differ by far more than trials do). Simplest: the fewest factors, then
/// the largest regularization; the fewest neighbours, then similarities before a ridge; the fewest clusters.
enum class SelectionRule { best, one_standard_error };

/// One point of the space, and what a training of it is expected to take.
struct Trial {
  SearchPoint point;
  std::vector<std::string> arguments;  ///< of the job: this point and what all trials share
  std::optional<std::size_t> after;    ///< the trial before it on its path
  double epoch_seconds = 0;            ///< of all ranks together as they run, on one fold; 0: not predicted
  double other_seconds = 0;            ///< of a task beside its epochs
  double memory_bytes = 0;             ///< of the largest rank
};

/// One trial on one fold as far as one rung: what one record tells.
struct SweepTask {
  std::size_t trial = 0;
  std::size_t fold = 0;
  std::size_t rung = 0;
  std::string name;     ///< "t3.f1.r0", trial and fold from 1
  std::string program;  ///< the scheduler's item that does it: its name, or "p2.f1.r0" of several tasks
  std::string key;      ///< content hash of all that decides the outcome; the record's name

  [[nodiscard]] bool shares_program() const { return program != name; }
};

struct SweepPlan {
  std::string version;        ///< of the program that made it, and the only one that may run it
  std::string configuration;  ///< of `sweep plan`
  SweptJob job = SweptJob::als;
  std::string data;  ///< absolute path
  std::uint64_t dataset_digest = 0;
  std::uint64_t tables_digest = 0;  ///< of the tables that trials take features from (tables_digest()); 0 where none
  std::uint64_t seed = 0;
  std::vector<std::string> parameters;  ///< names of those with several values
  Index combinations = 0;               ///< that were searched; those that come to the same are one trial
  std::vector<Trial> trials;
  std::vector<std::string> folds;  ///< "interactions:2/5", or "seed:3"
  std::vector<Rung> rungs;
  std::string metrics;  ///< as evaluate takes them; the first one decides
  Direction direction = Direction::maximize;
  SelectionRule rule = SelectionRule::one_standard_error;
  double least_stability = 0;    ///< kmeans: trials below it are chosen only where no other is left
  bool has_paths = false;        ///< als: a training begins with the model of the one before on its regularization path
  Index trials_per_program = 1;  ///< at least, of a fold, as far as there are so many; they read the matrix once
  int ranks = 1;                 ///< of a trial
  int threads_per_rank = 1;
  std::vector<SweepTask> tasks;  ///< by rung, then trial, then fold

  [[nodiscard]] std::string metric() const { return metrics.substr(0, metrics.find(',')); }
  [[nodiscard]] std::size_t task_place(std::size_t trial, std::size_t fold, std::size_t rung) const {
    return (rung * trials.size() + trial) * folds.size() + fold;
  }
  [[nodiscard]] const SweepTask& task(std::size_t trial, std::size_t fold, std::size_t rung) const {
    return tasks[task_place(trial, fold, rung)];
  }
  /// Wall-clock seconds that the task is expected to take, resumed from the rung before.
  [[nodiscard]] double predicted_seconds(const SweepTask& task) const;
  [[nodiscard]] double predicted_core_hours() const;
};

/// Tells the values that a trial has for the parameters that vary: "factors=32 regularization=0.01".
[[nodiscard]] std::string trial_text(const SweepPlan& plan, std::size_t trial);

}  // namespace rankwise
