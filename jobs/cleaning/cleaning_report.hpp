#pragma once
// --report of prepare: data, or a page for people.

#include <optional>
#include <string>
#include <vector>

#include "distributed/log/interaction_log.hpp"
#include "jobs/cleaning/account.hpp"
#include "jobs/cleaning/log_profile.hpp"

namespace rankwise {

/// What a report says.
struct CleaningReport {
  std::vector<std::string> files;
  Index rows_read = 0;
  std::vector<std::pair<std::string, Index>> missing;  ///< for each role that is read, rows without it
  RowAccount account;
  LogProfile profile;
};

/// The report's JSON, or its page if `path` ends as one (.html, .htm).
[[nodiscard]] std::string report_text(const std::string& path, const CleaningReport& report);

}  // namespace rankwise
