#pragma once
// `rankwise sweep refit`: the chosen trial trained on all of the training part.

#include <optional>
#include <string>

#include "io/dataset/dataset.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

struct RefitOptions {
  std::string directory;
  std::string model;
  std::string metrics;                       ///< empty: not wanted
  std::optional<TrainedOn> trained_on = {};  ///< none: training and validation part, if the data has the latter
  std::string epochs_of;  ///< a model: as many epochs as it was trained for; empty: as many as planned
  std::string data;       ///< where the planned data is now; empty: where the sweep has it
};

struct SweepPlan;

/// Throws Error(usage) where a refit would write over the sweep's data or its own folder's files; an empty model is no
/// refit. For one rank.
void require_outputs_apart(const SweepPlan& plan, const RefitOptions& options);

/// Trains, or continues from a checkpoint, and writes the model; then measures a model of the training part on the
/// dataset's held-out part, where there is one: nested, since no trial has read that. Collective over context.comm;
/// throws AgreedError.
void refit_winner(const RefitOptions& options, JobContext& context);

[[nodiscard]] Job sweep_refit_job();

}  // namespace rankwise
