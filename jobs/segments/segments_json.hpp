#pragma once
// What `segments` has found, as JSON.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "jobs/segments/findings.hpp"

namespace rankwise {

/// As docs/FORMATS.md has it.
[[nodiscard]] nlohmann::ordered_json segments_json(const SegmentFindings& findings);

}  // namespace rankwise
