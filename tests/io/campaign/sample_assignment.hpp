#pragma once
// An assignment whose content is a pure function of global row numbers, cut over any ranks.

#include <string>

#include "io/campaign/assignment_file.hpp"
#include "tests/io/sample_files.hpp"

namespace rankwise {

/// Three offers; every fifth customer is a control, every seventh one a global control.
inline CampaignAssignment sample_assignment(const Communicator& comm, Index users, SampleIds kind) {
  CampaignAssignment sample;
  sample.terms = {.campaign = "Frühling",
                  .goal = CampaignGoal::margin,
                  .start_microseconds = 1'727'740'800'000'000,
                  .horizon_seconds = 28 * 86'400,
                  .created_microseconds = 1'727'000'000'000'001,
                  .hold_out_millionths = 200'000,
                  .global_hold_out_millionths = 20'000,
                  .key_id = "0123456789abcdef",
                  .settings = "[campaign] name = Frühling\n"};
  sample.offers = {.names = {"toys-10", "mail", "books"},
                   .categories = {"toys", "", "books"},
                   .channels = {"mail", "mail", ""},
                   .cost_millionths = {500'000, 0, 1},
                   .margin_millionths = {12'000'000, 1, -5},
                   .capacity = {2000, CampaignOffers::unlimited, 0}};
  sample.strata = {"segment 0", "segment 1"};
  sample.segments = {"0", "1"};
  sample.ids = sample_ids(sample_range(comm, users), users, kind, "user ");
  for (Index user = sample.ids.rows.begin; user < sample.ids.rows.end; ++user) {
    const CustomerGroup group = user % 7 == 6   ? CustomerGroup::global_control
                                : user % 5 == 0 ? CustomerGroup::control
                                                : CustomerGroup::treated;
    sample.groups.push_back(group);
    sample.stratum_of.push_back(static_cast<std::int32_t>(user % 2));
    sample.segment_of.push_back(static_cast<std::int32_t>(user % 3) - 1);
    sample.past_money_millionths.push_back(user * 1'000'003 - 5);
    std::int64_t predicted = 0;
    for (std::int32_t offer = 0; offer < 3; ++offer) {
      const bool intended = (user + offer) % 4 == 0;
      const bool sent = group == CustomerGroup::treated && (user + offer) % 3 == 0;
      if (!intended && !sent) continue;
      sample.lines.offers.push_back(offer);
      sample.lines.value_millionths.push_back(user * 10 - offer);
      sample.lines.intended.push_back(intended ? 1 : 0);
      sample.lines.sent.push_back(sent ? 1 : 0);
      if (intended) predicted += user * 10 - offer;
    }
    sample.predicted_value_millionths.push_back(predicted);
    sample.lines.offsets.push_back(std::ssize(sample.lines.offers));
  }
  return sample;
}

}  // namespace rankwise
