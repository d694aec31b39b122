#pragma once
// An evaluation as JSON, which docs/FORMATS.md describes.

#include <string>

#include "jobs/evaluate/evaluation.hpp"

namespace rankwise {

/// The file that --output names.
[[nodiscard]] std::string evaluation_json(const Evaluation& evaluation);

}  // namespace rankwise
