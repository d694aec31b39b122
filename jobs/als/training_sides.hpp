#pragma once
// A dataset's two sides in the hands of the ranks that train on them: planned and read.

#include <array>
#include <span>
#include <vector>

#include "distributed/als/training_side.hpp"
#include "distributed/planning/side_plan.hpp"
#include "io/dataset/dataset.hpp"
#include "jobs/als/als_settings.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

/// What is known of both sides before their entries are read; the same on every rank.
struct TrainingPlan {
  SidePlan users;
  SidePlan items;
};

/// Partitions both sides by predicted cost and shares the rows that no partition makes fair. Collective.
[[nodiscard]] TrainingPlan plan_training(const DatasetReader& dataset, const AlsOptions& options,
                                         const Objective& objective, JobContext& context);

/// Entries of each of this rank's rows, shared ones with all of theirs.
struct EntryCounts {
  std::vector<Index> users;
  std::vector<Index> items;
};

/// Collective.
[[nodiscard]] EntryCounts count_entries(const DatasetReader& dataset, const TrainingPlan& plan, int rank);

/// What all ranks' entries make together. Collective over comm.
[[nodiscard]] MatrixSize trained_size(const Communicator& comm, const EntryCounts& entries);

/// One side's sparse rows of this rank, and its parts of shared rows.
struct TrainingRows {
  SparseRows rows;  ///< those that are shared without their entries
  SparseRows parts;

  /// All values, in two pieces.
  [[nodiscard]] std::array<std::span<const float>, 2> values() const { return {rows.values, parts.values}; }
};

/// Reads this rank's share of a side, checked against the objective. Collective; throws AgreedError(bad_data).
[[nodiscard]] TrainingRows read_training_rows(const DatasetReader& dataset, DatasetPart part, const SidePlan& plan,
                                              const AlsOptions& options, const Communicator& comm);

/// The same rows without their place, as make_training_side takes them.
[[nodiscard]] GlobalRows global_rows(SparseRows rows);

}  // namespace rankwise
