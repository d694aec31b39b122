#pragma once
// An evaluation as JSON, which docs/FORMATS.md describes.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "jobs/evaluate/evaluation.hpp"

namespace rankwise {

/// The file that --output names.
[[nodiscard]] std::string evaluation_json(const Evaluation& evaluation);

/// A model: its file, and what it may have learned of what measures it.
[[nodiscard]] nlohmann::ordered_json model_json(const ModelFacts& model);

}  // namespace rankwise
