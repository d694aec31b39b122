#pragma once
// Which orders, items and users `demand` counts in which series and period.

#include <string>
#include <vector>

#include "distributed/demand/demand_series.hpp"
#include "distributed/log/orders.hpp"
#include "jobs/demand/demand_settings.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

struct DemandInput {
  Orders orders;
  DemandGroups groups;
  std::vector<std::string> categories;  ///< names; one that is empty: no division by category
  std::vector<std::string> segments;    ///< likewise
  DemandPeriods periods;                ///< whole ones
  std::string left_out_first;           ///< day of the log's beginning, if its first period is not whole; else empty
  std::string left_out_last;            ///< day on which the unfinished last period begins; else empty
  Index unpriced_lines = 0;
  std::uint64_t data_digest = 0;
};

/// Collective over context.comm; throws AgreedError (no_input; bad_data: no orders or times, no such column, no whole
/// period, more series than memory should hold).
[[nodiscard]] DemandInput read_demand(const JobContext& context, const DemandOptions& options);

}  // namespace rankwise
