#pragma once
// Users that a training must know nothing of: --forget of `rankwise als`.

#include <optional>

#include "io/dataset/dataset.hpp"
#include "jobs/als/als_settings.hpp"
#include "jobs/als/warm_start.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

/// Throws AgreedError if one of the users in options.forget is in the dataset, whatever is trained on, or in the model
/// of the warm start (bad_data); and if they cannot be looked for: no list or key (no_input), another key than the
/// dataset's, or none (usage). Warns of the model's ancestors, whose users it does not know. Tells no id. Collective.
void require_forgotten(JobContext& context, const AlsOptions& options, const DatasetReader& dataset,
                       const std::optional<WarmStart>& warm_start);

}  // namespace rankwise
