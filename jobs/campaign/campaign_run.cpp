#include "jobs/campaign/campaign_run.hpp"

#include "io/log/pseudonym_key.hpp"
#include "jobs/campaign/proposal_warnings.hpp"

namespace rankwise {

void run_campaign(JobContext& context, const CampaignOptions& options, CampaignRun& run) {
  run.settings = read_campaign(context.comm, options.campaign);
  const std::string key = read_secret_key(context.comm, "--key", options.key);
  {
    const auto timer = context.report.phase("read");
    find_eligible(context, options, run.settings, run.customers);
  }
  run.proposal = propose(context, options, run.settings, run.customers, key);
  warn_of_proposal(context.report, options, run.settings, run.proposal);

  const EligibilityCounts& counts = run.customers.counts;
  context.report.event("eligible", {{"users", counts.users},
                                    {"other_segment", counts.other_segment},
                                    {"condition", counts.condition},
                                    {"contacts", counts.contacts},
                                    {"eligible", counts.eligible}});
  const CampaignProposal& proposal = run.proposal;
  context.report.event("assignment", {{"treated", proposal.groups[0]},
                                      {"controls", proposal.groups[1]},
                                      {"global_controls", proposal.groups[2]},
                                      {"customers", proposal.figures.customers},
                                      {"value_millionths", proposal.figures.value_total_millionths},
                                      {"bound_millionths", proposal.search.bound_millionths},
                                      {"spending_millionths", proposal.figures.spending_millionths},
                                      {"price_steps", proposal.search.steps},
                                      {"value_bytes", context.comm.sum(proposal.values.bytes())}});
}

}  // namespace rankwise
