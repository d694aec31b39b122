#pragma once
// What a hold-out of some size can see, and what it costs.

#include <optional>
#include <string>
#include <vector>

#include "jobs/campaign/campaign_run.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

/// One size of the hold-out.
struct HoldOutChoice {
  double share = 0;
  Index treated = 0;
  Index controls = 0;
  double least_effect = 0;  ///< a head, of the goal; NaN if nothing can be seen
  double cost = 0;          ///< expected value that is lost under the same capacities and budget
};

/// Of the goal's outcome in the last horizon before the start, a head.
struct PastOutcome {
  Index customers = 0;  ///< eligible ones without the global hold-out
  double mean = 0;
  double deviation = 0;
};

struct HoldOutAdvice {
  std::optional<PastOutcome> past;  ///< nothing without orders with times
  double expected_effect = 0;       ///< a treated head, of the goal, if expectations come true; NaN: not known
  std::vector<HoldOutChoice> choices;
  std::string sentence;  ///< what to do
};

/// For hold-outs of 1, 2, 5, 10 and 20%, and the campaign's own. Significance 0.05, power 0.8. Collective over comm.
[[nodiscard]] HoldOutAdvice advise_hold_out(const Communicator& comm, const CampaignRun& run);

}  // namespace rankwise
