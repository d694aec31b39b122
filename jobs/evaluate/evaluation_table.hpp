#pragma once
// An evaluation as a table for people.

#include <string>

#include "jobs/evaluate/evaluation.hpp"

namespace rankwise {

/// A line for each metric and baseline, then slices, then what each metric is.
[[nodiscard]] std::string evaluation_table(const Evaluation& evaluation);

}  // namespace rankwise
