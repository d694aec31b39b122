#pragma once
// What is said of models of lifetime value: parameters, doubts, and how predictions came true.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "jobs/profile/customer_value.hpp"
#include "jobs/profile/printed_counts.hpp"
#include "jobs/profile/profile_settings.hpp"
#include "jobs/run/report.hpp"

namespace rankwise {

/// Why fits or their assumptions are in doubt, each a line; none if all is well.
[[nodiscard]] std::vector<std::string> doubts_about(const CustomerValue& value, const PrintedCounts& printed);

/// Parameters with standard errors, and the calibration, for standard output. Groups of fewer than ten customers are
/// with the group below.
[[nodiscard]] std::string lifetime_table(const CustomerValue& value, const PrintedCounts& printed);

[[nodiscard]] nlohmann::ordered_json lifetime_json(const CustomerValue& value, const PrintedCounts& printed,
                                                   const ProfileOptions& options);

/// SVG of the same groups; empty if there is no calibration, or no group that can be shown.
[[nodiscard]] std::string calibration_picture(const CustomerValue& value);

/// Events.
void tell_lifetime(Report& report, const CustomerValue& value, const PrintedCounts& printed);

}  // namespace rankwise
