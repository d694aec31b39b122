#pragma once
// The list of a campaign: who was treated and who was not, as `campaign assign` has fixed it or as somebody says.

#include <cstdint>
#include <string>
#include <vector>

#include "distributed/campaign/assignment.hpp"
#include "distributed/profiles/log_span.hpp"
#include "jobs/campaign/measure/measure_settings.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

struct CampaignList {
  std::string file;
  CampaignAssignment assignment;     ///< of a table: without strata, past and predictions, and costs are 0
  bool is_fixed = false;             ///< by `campaign assign`, with a time of it
  std::uint64_t dataset_digest = 0;  ///< of what it was made of, if it is fixed
  bool has_segments = false;
  bool has_offers = false;
  std::vector<std::int64_t> begin_microseconds;  ///< of each customer's outcomes; empty: the campaign's start
  Index left_out = 0;                            ///< customers whose own time the log does not cover
  double expected_control_share = 0;             ///< of treated and controls together; 0: nothing says it
  double expected_global_share = 0;              ///< of all
};

/// A file of `campaign assign`, or a table with the columns user and group (treated, control, global_control) and
/// perhaps segment, offer and time, one row a customer; its start, horizon and goal are those of `options`. If
/// customers have different times, those whose time `log` does not cover are left out. Collective over context.comm;
/// throws AgreedError (usage: options that the file's kind does not take or needs; no_input; bad_data: FILE, line and
/// what was expected; an assignment that was made after its start).
[[nodiscard]] CampaignList read_campaign_list(const JobContext& context, const std::string& path,
                                              const MeasureOptions& options, const LogSpan& log);

}  // namespace rankwise
