#pragma once
// `rankwise sweep refit`: the chosen trial trained on all of the training part.

#include <string>

#include "jobs/job.hpp"

namespace rankwise {

struct RefitOptions {
  std::string directory;
  std::string model;
  std::string metrics;  ///< empty: not wanted
};

struct SweepPlan;

/// Throws Error(usage) where a refit would write over the sweep's data or its own folder's files; an empty model is no
/// refit. For one rank.
void require_outputs_apart(const SweepPlan& plan, const RefitOptions& options);

/// Trains, or goes on from a checkpoint, and writes the model; then measures it on the dataset's held-out part, where
/// there is one: nested, since no trial has read that. Collective over context.comm; throws AgreedError.
void refit_winner(const RefitOptions& options, JobContext& context);

[[nodiscard]] Job sweep_refit_job();

}  // namespace rankwise
