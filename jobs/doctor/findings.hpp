#pragma once
// What a check has found, for people and for the event log.

#include <span>
#include <string>
#include <vector>

#include "jobs/run/report.hpp"

namespace rankwise {

enum class Verdict {
  fine,
  warning,  ///< runs will work, but slower or less safely than they could
  fault     ///< runs will fail
};

struct Finding {
  std::string check;
  Verdict verdict = Verdict::fine;
  std::string found;
  std::string advice = {};  ///< what to change; empty where nothing is to be
};

/// One line per finding, advice below it; ends with how many there are of each kind.
[[nodiscard]] std::string findings_table(std::span<const Finding> findings);

/// An event `finding` for each.
void log_findings(Report& report, std::span<const Finding> findings);

}  // namespace rankwise
