#pragma once
// What a model of another dataset knows of this one, in JSON (docs/FORMATS.md).

#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "jobs/evaluate/models/matched_model.hpp"
#include "jobs/evaluate/models/training_overlap.hpp"

namespace rankwise {

/// Adds the fields `matched_model` and `training_overlap`; neither if the dataset is the model's own, without `counts`.
void add_match(nlohmann::ordered_json& json, const std::optional<MatchCounts>& counts, const TrainingOverlap& overlap);

}  // namespace rankwise
