#pragma once
// The options of `campaign measure`.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "distributed/campaign/assignment.hpp"
#include "kernels/base/types.hpp"

namespace boost::program_options {
class options_description;
}

namespace rankwise {

/// What a list of somebody else's campaign does not say itself.
struct ForeignTerms {
  std::optional<std::int64_t> start_microseconds;
  std::optional<std::int64_t> horizon_seconds;
  std::optional<CampaignGoal> goal;
  std::optional<double> hold_out_share;  ///< that was drawn for controls

  [[nodiscard]] bool any() const { return start_microseconds || horizon_seconds || goal || hold_out_share; }
};

struct MeasureOptions {
  std::vector<std::string> assignments;
  std::string outcomes;
  std::string money;   ///< a column of the table of items that lines are multiplied by; empty: values are money
  std::string margin;  ///< a share, or a column of shares of the table of items; empty: margin is not known
  std::string redemptions;
  ForeignTerms foreign;
  Index least_group = 10;
  std::string output;
  std::string report;
  std::string uplift;
};

/// Of --margin, if it is a share, as in 0.3 or 30%; nothing if it is a column. Throws Error(usage) unless it is from 0
/// to 1.
[[nodiscard]] std::optional<double> margin_share(const std::string& text);

/// Adds the options.
void describe_measure_options(boost::program_options::options_description& description, MeasureOptions& options);

/// Throws Error(usage) if the options contradict each other.
void require_sense(const MeasureOptions& options);

}  // namespace rankwise
