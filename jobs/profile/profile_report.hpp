#pragma once
// What is said of a profile: bounds and sizes of classes, segments, and what was left out.

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "jobs/profile/customer_value.hpp"
#include "jobs/profile/printed_counts.hpp"
#include "jobs/profile/profile_settings.hpp"
#include "jobs/profile/rfm_scores.hpp"
#include "jobs/run/report.hpp"

namespace rankwise {

struct ProfileFindings {
  std::uint64_t data_digest = 0;
  std::string analysis_day;  ///< empty without times
  bool has_orders = false;
  Index users = 0;
  Index customers = 0;                ///< with an order until then
  Index only_returns = 0;             ///< users who have returns, but no order
  Index later_orders = 0;             ///< after the day of the analysis
  Index unpriced_lines = 0;           ///< of items without a number in the column of --money
  Index without_factors = 0;          ///< users whom the model of --factors does not know
  std::vector<std::string> left_out;  ///< columns that the dataset knows too little for, and why
  std::optional<RfmScores> rfm = {};
  std::optional<CustomerValue> value = {};
  PrintedCounts printed = {};  ///< of all these counts

  /// Nothing if that is fewer than ten users, or all but fewer than ten.
  [[nodiscard]] PrintedCount printed_without_factors() const;
};

/// Bounds and counts of classes, sizes of segments, parameters: for standard output. Counts of fewer than ten customers
/// are not printed, nor those that would tell them.
[[nodiscard]] std::string profile_table(const ProfileFindings& findings);

/// Lines, warnings and events.
void tell_profile(Report& report, const ProfileFindings& findings);

[[nodiscard]] nlohmann::ordered_json profile_json(const ProfileOptions& options, const ProfileFindings& findings);

}  // namespace rankwise
