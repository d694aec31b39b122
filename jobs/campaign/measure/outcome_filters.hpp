#pragma once
// What a dataset of outcomes does not have, as `prepare` was asked to leave it out.

#include <string>
#include <vector>

namespace rankwise {

/// Of a dataset's configuration (Provenance), the settings that remove customers, purchases or a part of their money,
/// as on a command line: "--min-user-count 5". `has_returns`: whether orders have negative amounts, which --min-total
/// auto acts on.
[[nodiscard]] std::vector<std::string> outcome_filters(const std::string& configuration, bool has_returns);

/// Whether orders are days (--orders day).
[[nodiscard]] bool orders_are_days(const std::string& configuration);

}  // namespace rankwise
