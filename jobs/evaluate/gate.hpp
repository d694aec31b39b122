#pragma once
// Whether a model may take an older one's place.

#include <string>

#include "jobs/evaluate/evaluate_settings.hpp"
#include "jobs/evaluate/evaluation.hpp"

namespace rankwise {

/// From the metric's figures, among whose baselines the older model is called `against`. It passes if the one-sided
/// lower bound of the paired difference in its favour, by Student's t, is not below -margin. Throws
/// AgreedError(bad_data) if fewer than two users have a value.
[[nodiscard]] GateVerdict pass_gate(const GateSettings& settings, const std::string& against,
                                    const MetricFigures& figures);

/// One line with the number that decides.
[[nodiscard]] std::string verdict_text(const GateVerdict& verdict);

}  // namespace rankwise
