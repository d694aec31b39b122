#pragma once
// What the customers of a profile did in the period that followed it.

#include <cstdint>
#include <string>
#include <vector>

#include "jobs/propensity/feature_columns.hpp"
#include "jobs/propensity/propensity_settings.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

struct TargetOutcomes {
  std::vector<double> values;       ///< of each of this rank's customers: 0 or 1, or money
  std::string first_day;            ///< of the period; empty without times
  std::string last_day;             ///< the last one with an order
  Index unknown_customers = 0;      ///< of the profile whom the dataset does not know: they bought nothing
  Index new_customers = 0;          ///< of the dataset who bought in the period, but are not in the profile
  Index unpriced_lines = 0;         ///< of items without a number in the column of --money
  std::vector<std::string> doubts;  ///< what could not be checked
  std::uint64_t data_digest = 0;
};

/// Reads the orders of the period. Refuses (bad_data) a period that the profile knows. Collective over context.comm;
/// throws AgreedError.
[[nodiscard]] TargetOutcomes read_outcomes(const JobContext& context, const PropensityOptions& options,
                                           const ProfileRows& customers);

}  // namespace rankwise
