#pragma once
// What the customers of a list bought in the campaign's time, from a dataset of it.

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "distributed/experiments/customer_outcomes.hpp"
#include "distributed/profiles/log_span.hpp"
#include "io/dataset/dataset.hpp"
#include "jobs/campaign/measure/campaign_list.hpp"
#include "jobs/campaign/measure/measure_settings.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

/// A dataset that has outcomes; this rank's users, by count.
struct NextPeriod {
  std::shared_ptr<const DatasetReader> dataset;
  std::string file;
  IdRows ids;
  Orders orders;
  std::vector<double> margin_shares;  ///< of each item; empty: margin is not known
  Index items_without_margin = 0;
  Index lines_without_price = 0;  ///< of all ranks
  LogSpan log;
  std::int64_t first_microseconds = 0;  ///< of the log's span
  std::int64_t last_microseconds = 0;
  std::vector<std::string> filters;  ///< what prepare was asked to leave out
  bool has_days = false;             ///< orders are days, which have the time of their first line
};

/// Collective over context.comm; throws AgreedError (no_input; bad_data: no orders, no times, no such column).
[[nodiscard]] NextPeriod read_next_period(const JobContext& context, const MeasureOptions& options);

/// Of the customers of a list.
struct ListOutcomes {
  CustomerOutcomes outcomes;
  bool has_past = false;
  std::vector<std::int64_t> past_millionths;          ///< spend in as long a time before; 0 if it is not known
  Index found = 0;                                    ///< customers of the list whom the dataset has
  std::array<Index, customer_group_count> unknown{};  ///< by group, whom it does not have
  Index others_with_orders = 0;  ///< customers who are not on the list and have orders in the campaign's time
  Index others_orders = 0;       ///< their purchases
};

/// Throws AgreedError(bad_data) if the dataset has none of the list's customers, or its log ends before the campaign
/// begins. Collective over context.comm.
[[nodiscard]] ListOutcomes measure_outcomes(const JobContext& context, const NextPeriod& period,
                                            const CampaignList& list);

}  // namespace rankwise
