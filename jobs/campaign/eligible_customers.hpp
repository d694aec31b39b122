#pragma once
// Who a campaign can reach: customers who are left when segments, conditions and earlier contacts have left others out.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "distributed/campaign/recent_spending.hpp"
#include "distributed/rows/id_rows.hpp"
#include "io/dataset/dataset.hpp"
#include "jobs/campaign/campaign_file.hpp"
#include "jobs/campaign/campaign_options.hpp"
#include "jobs/campaign/column_sources.hpp"
#include "jobs/run/job.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Of all ranks. A customer is left out for the first reason that applies.
struct EligibilityCounts {
  Index users = 0;
  Index other_segment = 0;
  Index condition = 0;  ///< not fulfilled
  Index contacts = 0;   ///< too many
  Index eligible = 0;
  Index contacts_read = 0;
  Index contacts_of_others = 0;  ///< of customers whom the dataset does not have
  Index contacts_later = 0;      ///< at or after the start
  Index orders_later = 0;        ///< at or after the start
};

/// All customers of this rank, and which of them are eligible.
struct EligibleCustomers {
  std::shared_ptr<const DatasetReader> dataset;
  IdRows users;  ///< all
  std::unique_ptr<ColumnSources> columns;
  std::vector<Index> places;          ///< of the eligible ones among `users`, ascending
  std::vector<std::int32_t> segment;  ///< of all, or -1; empty without segments
  std::vector<std::string> segment_names;
  std::optional<RecentSpending> past;  ///< of all; nothing if the dataset has no orders with times
  EligibilityCounts counts;

  EligibleCustomers() = default;
  EligibleCustomers(const EligibleCustomers&) = delete;  // `columns` refers to `users`
  EligibleCustomers& operator=(const EligibleCustomers&) = delete;
};

/// Reads all inputs that say who is eligible, and warns of what is odd in them. Collective over context.comm; throws
/// AgreedError (no_input, bad_data; usage: an option of the campaign that needs another input).
void find_eligible(JobContext& context, const CampaignOptions& options, const CampaignSettings& settings,
                   EligibleCustomers& customers);

}  // namespace rankwise
