#pragma once
// Which job's options an input is for.

#include "jobs/run_job.hpp"
#include "tests/fuzz/harness.hpp"

namespace rankwise::fuzz {

/// The job that the first line names after `sign`; the first of all where it names none.
[[nodiscard]] inline const Job& job_of(std::string_view text, std::string_view sign) {
  std::string_view line = text.substr(0, text.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  for (const Job& job : all_jobs()) {
    if (line.starts_with(sign) && line.substr(sign.size()) == job.name) return job;
  }
  return all_jobs().front();
}

}  // namespace rankwise::fuzz
