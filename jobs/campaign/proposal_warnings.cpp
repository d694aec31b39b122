#include "jobs/campaign/proposal_warnings.hpp"

#include <fmt/format.h>

#include "jobs/campaign/proposal.hpp"
#include "kernels/text/counted.hpp"
#include "kernels/text/shown_text.hpp"

namespace rankwise {

namespace {

constexpr double largest_quiet_gap = 0.01;

void warn_of_values(Report& report, const CampaignOptions& options, const CampaignProposal& proposal) {
  for (const ProbabilityColumn& column : proposal.columns) {
    if (column.missing > 0) {
      report.warning(
          fmt::format("probability = {}: missing for {} in {}: without a measured uplift they get no offer "
                      "that uses it",
                      column.name, counted(column.missing, "eligible customer"), column.file));
    }
    if (column.outside > 0) {
      report.warning(
          fmt::format("probability = {}: not from 0 to 1 for {} in {}: these numbers are no probabilities, "
                      "and count as missing",
                      column.name, counted(column.outside, "eligible customer"), column.file));
    }
  }
  const UpliftUse& uplift = proposal.uplift;
  if (uplift.unknown > 0) {
    report.warning(fmt::format("{}: {} of {} {} of a segment or an offer that the campaign does not have",
                               options.uplift, uplift.unknown, counted(uplift.rows, "row"),
                               verb(uplift.unknown, "is", "are")));
  }
  if (uplift.unmatched > 0) {
    report.warning(fmt::format("{}: {} of {} {} of a segment that matches none of now in {}: not used", options.uplift,
                               uplift.unmatched, counted(uplift.rows, "row"), verb(uplift.unmatched, "is", "are"),
                               options.uplift_matches));
  }
  if (uplift.by_number) {
    report.warning(
        fmt::format("{}: goes to segments by their numbers, which is right only if the campaign that was "
                    "measured had the clustering {}; after another clustering use --uplift-matches",
                    options.uplift, options.clustering));
  }
  if (!uplift.has_sent_share) {
    report.warning(
        fmt::format("{}: has no column sent_share, so its uplift counts as that of customers who were sent "
                    "the offer; too low if capacity or budget took offers back",
                    options.uplift));
  }
  if (uplift.empty > 0) {
    report.warning(fmt::format("{}: {} no shrunk_uplift, or a sent_share below 0.05; probability x margin counts there",
                               options.uplift, counted(uplift.empty, "row") + (uplift.empty == 1 ? " has" : " have")));
  }
}

void warn_of_offers(Report& report, const CampaignProposal& proposal) {
  const CampaignOffers& offers = proposal.assignment.offers;
  const std::int64_t budget = proposal.limits.budget_millionths;
  const Index treated = proposal.groups[static_cast<std::size_t>(CustomerGroup::treated)];
  for (std::size_t o = 0; o < offers.size(); ++o) {
    const std::string name = fmt::format("[offer {}]", offers.names[o]);
    if (offers.capacity[o] == 0) {
      report.warning(fmt::format("{}: nobody can get it: its capacity is 0", name));
    } else if (budget >= 0 && offers.cost_millionths[o] > budget) {
      report.warning(fmt::format("{}: nobody can get it: one contact costs more than the whole budget", name));
    } else if (proposal.figures.possible[o] == 0) {
      report.warning(
          fmt::format("{}: nobody can get it: its expected value is above 0 for no eligible customer", name));
    } else if (offers.capacity[o] > treated) {
      report.warning(fmt::format("{}: its capacity {} is more than the {} who may get offers", name, offers.capacity[o],
                                 counted(treated, "customer")));
    }
  }
}

void warn_of_strata(Report& report, const CampaignProposal& proposal) {
  Index small = 0;
  Index small_customers = 0;
  for (const StratumSize& stratum : proposal.strata) {
    if (stratum.customers == 0 || (stratum.customers >= 2 && stratum.controls > 0)) continue;
    ++small;
    small_customers += stratum.customers;
  }
  if (small == 0 || proposal.assignment.terms.hold_out_millionths == 0) return;
  report.warning(fmt::format("{} with {} together {} too small for a control of their own",
                             fmt::format("{} {}", small, verb(small, "stratum", "strata")),
                             counted(small_customers, "customer"), verb(small, "is", "are")));
}

}  // namespace

void warn_of_proposal(Report& report, const CampaignOptions& options, const CampaignSettings& settings,
                      const CampaignProposal& proposal) {
  warn_of_values(report, options, proposal);
  warn_of_offers(report, proposal);
  warn_of_strata(report, proposal);
  if (proposal.groups[static_cast<std::size_t>(CustomerGroup::control)] == 0)
    report.warning("nobody is held out of this campaign: what it brings cannot be measured");
  const double gap = gap_of(proposal);
  if (gap > largest_quiet_gap) {
    report.warning(fmt::format(
        "the expected value is {:.2f}% below what no assignment exceeds: a better assignment may exist, and "
        "prices and the worth of more budget are rough",
        100 * gap));
  }
  if (settings.budget_millionths >= 0 && proposal.search.prices.budget == 0 &&
      proposal.figures.spending_millionths < settings.budget_millionths) {
    report.warning(fmt::format("the budget of {:.2f} does not bind: {:.2f} of it would be spent",
                               static_cast<double>(settings.budget_millionths) / 1e6,
                               static_cast<double>(proposal.figures.spending_millionths) / 1e6));
  }
  if (proposal.figures.customers == 0) report.warning("no customer gets an offer");
}

}  // namespace rankwise
