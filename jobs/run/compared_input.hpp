#pragma once
// Tells of files that hold nothing to compare their content with.

#include <fmt/format.h>
#include <string>

#include "jobs/run/job.hpp"

namespace rankwise {

/// `file`: a reader of the file at `path`, with the run's InputCheck.
template <class Reader>
void warn_if_not_compared(const JobContext& context, const Reader& file, const std::string& path) {
  if (context.common.input_check == InputCheck::none || file.compares()) return;
  context.report.warning(fmt::format("{}: {}", path, no_digests_text));
}

}  // namespace rankwise
