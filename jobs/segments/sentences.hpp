#pragma once
// What was found in words, with its numbers.

#include <string>
#include <vector>

#include "jobs/segments/findings.hpp"

namespace rankwise {

/// Of all segments, and of what has changed: the page begins with them. Only what is printed elsewhere, too.
[[nodiscard]] std::vector<std::string> overview_sentences(const SegmentFindings& findings);

/// The reason as the description of a segment.
[[nodiscard]] std::string reason_sentence(const SegmentReason& reason);

}  // namespace rankwise
