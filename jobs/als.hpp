#pragma once
// `rankwise als`: from a dataset to a model.

#include <optional>
#include <string>

#include "distributed/solver_plan.hpp"
#include "jobs/job.hpp"
#include "kernels/objective.hpp"

namespace rankwise {

struct AlsOptions {
  std::string data;
  std::string model;
  Objective objective;  ///< but for its regularization
  std::optional<double> regularization;
  SolverOptions solver;
  Index factors = 0;
  Index epochs = 0;
  Index memory_budget_bytes = 0;  ///< of each rank; 0: as much as it takes
};

/// Trains and writes a model. Collective over context.comm; throws AgreedError.
void train_als(const AlsOptions& options, JobContext& context);

[[nodiscard]] Job als_job();

}  // namespace rankwise
