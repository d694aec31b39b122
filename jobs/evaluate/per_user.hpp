#pragma once
// The file of every user's metrics.

#include <span>
#include <string>

#include "io/dataset/dataset.hpp"
#include "jobs/evaluate/contenders.hpp"
#include "jobs/evaluate/evaluation.hpp"
#include "jobs/run/job.hpp"
#include "kernels/ranking/ranking_metrics.hpp"

namespace rankwise {

/// `found` names the model or the models of the blend. Writes its value of each metric for each user of the dataset's
/// held-out rows; NaN of users without one, and of coverage and gini, which users do not have, nothing. rmse and mae
/// are of the user's own ratings. Collective over context.comm; throws AgreedError.
void write_per_user(JobContext& context, const std::string& path, const Contest& contest,
                    std::span<const EvaluationMetric> metrics, const Contender& model, const Evaluation& found);

}  // namespace rankwise
