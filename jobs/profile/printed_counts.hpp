#pragma once
// Which counts of customers a report may print: none of fewer than ten, and none that sums would give such a count
// back.

#include <array>
#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "distributed/profiles/lifetime_models.hpp"
#include "distributed/profiles/midrank_classes.hpp"
#include "jobs/profile/customer_value.hpp"
#include "jobs/profile/rfm_scores.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

inline constexpr Index least_printed = 10;  // customers of whom a number is printed

/// Nothing if it is not printed.
using PrintedCount = std::optional<Index>;

/// How many users there are of each kind; the counts of the models are in these.
struct CountedUsers {
  Index users = 0;         ///< printed in any case
  Index customers = 0;     ///< with a purchase
  Index only_returns = 0;  ///< with returns, but no purchase
};

/// Counts of a pair of models.
struct PrintedModel {
  PrintedCount customers;
  PrintedCount repeaters;
  PrintedCount with_value;     ///< repeaters whom Gamma-Gamma knows
  PrintedCount without_value;  ///< the other repeaters
};

struct PrintedCounts {
  PrintedCount customers;
  PrintedCount only_returns;
  PrintedCount without_purchase;
  std::vector<std::array<PrintedCount, midrank_classes>> classes;  ///< of each score
  std::vector<PrintedCount> segments;                              ///< in their order, then of those without a segment
  PrintedModel model;
  PrintedModel model_then;             ///< of --calibrate-at
  bool has_calibration_counts = true;  ///< whether groups of --calibrate-at have their numbers of customers
};

/// Counts form a network in which customers flow from the number of users to their kinds, and those that must not be
/// printed are protected by least_printed (kernels/statistics/suppression.hpp). Classes of a score of which the rules
/// of segments ask are printed only if nothing is hidden, and each combination of them has least_printed customers or
/// none: else differences of segments and classes could give a part of a segment back. `rfm` and `value` may be null.
[[nodiscard]] PrintedCounts printed_counts(const CountedUsers& users, const RfmScores* rfm, const CustomerValue* value);

/// "12", "fewer than 10", or "some" if another number would give a small one back.
[[nodiscard]] std::string number_text(const PrintedCount& printed, Index count);

/// For events: NaN, which is null in the log, if it is not printed.
[[nodiscard]] std::variant<Index, double, std::string> count_field(const PrintedCount& printed);

/// Null if it is not printed.
[[nodiscard]] nlohmann::ordered_json count_json(const PrintedCount& printed);

[[nodiscard]] constexpr bool is_few(Index customers) {
  return customers > 0 && customers < least_printed;
}

}  // namespace rankwise
