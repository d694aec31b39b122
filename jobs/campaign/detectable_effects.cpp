#include "jobs/campaign/detectable_effects.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <span>

#include "kernels/experiments/exact_sums.hpp"
#include "kernels/experiments/power.hpp"
#include "kernels/text/counted.hpp"

namespace rankwise {

namespace {

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

/// The goal's outcome of the eligible customer at this place, in millionths.
std::int64_t past_outcome(const CampaignRun& run, Index place) {
  const auto user = static_cast<std::size_t>(run.customers.places[static_cast<std::size_t>(place)]);
  const RecentSpending& past = *run.customers.past;
  switch (run.settings.terms.goal) {
    case CampaignGoal::orders:
      return past.orders[user] * millionths;
    case CampaignGoal::buyers:
      return past.orders[user] > 0 ? millionths : 0;
    case CampaignGoal::revenue:
    case CampaignGoal::margin:
      break;
  }
  return past.money_millionths[user];
}

/// What all customers are worth less what remains under the same limits if some are held out. Collective.
void add_costs(const Communicator& comm, const CampaignRun& run, std::vector<HoldOutChoice>& choices) {
  const CampaignProposal& proposal = run.proposal;
  std::vector<Index> customers;
  for (std::size_t c = 0; c < proposal.assignment.groups.size(); ++c) {
    if (proposal.assignment.groups[c] != CustomerGroup::global_control) customers.push_back(static_cast<Index>(c));
  }
  std::vector<Index> sizes{proposal.groups[0] + proposal.groups[1]};
  for (const HoldOutChoice& choice : choices) sizes.push_back(choice.treated);
  const std::vector<std::int64_t> bounds =
      bounds_of_sizes(comm, proposal.values, customers, proposal.limits, proposal.search.prices, sizes);
  double least = 0;
  for (std::size_t c = 0; c < choices.size(); ++c) {
    least = std::max(least, static_cast<double>(bounds[0] - bounds[c + 1]) / 1e6);
    choices[c].cost = least;
  }
}

/// Collective.
std::optional<PastOutcome> past_outcomes(const Communicator& comm, const CampaignRun& run) {
  if (!run.customers.past) return std::nullopt;
  OutcomeSums sums;
  const std::vector<CustomerGroup>& groups = run.proposal.assignment.groups;
  for (std::size_t c = 0; c < groups.size(); ++c) {
    if (groups[c] != CustomerGroup::global_control) sums.add(past_outcome(run, static_cast<Index>(c)), 0);
  }
  comm.all_reduce_sum(numbers_of(std::span(&sums, 1)));
  const GroupMoments moments = outcome_moments(sums);
  return PastOutcome{sums.customers, moments.mean, std::sqrt(moments.variance)};
}

/// Why the effect that is expected cannot be compared with what is seen; null: it can.
const char* why_unknown(const CampaignRun& run) {
  if (run.settings.terms.goal == CampaignGoal::revenue) return "offers say what margin they bring, not what revenue";
  if (run.settings.terms.goal != CampaignGoal::margin && run.proposal.uplift.used > 0)
    return "measured uplift says what margin offers bring, not how many buy";
  return nullptr;
}

double expected_effect(const CampaignRun& run) {
  if (why_unknown(run) != nullptr) return nothing;
  const OfferFigures& figures = run.proposal.figures;
  const auto treated = static_cast<double>(run.proposal.groups[0]);
  if (treated == 0) return 0;
  const bool counts =
      run.settings.terms.goal == CampaignGoal::orders || run.settings.terms.goal == CampaignGoal::buyers;
  const std::int64_t sum =
      counts ? figures.probability_millionths : figures.value_total_millionths + figures.spending_millionths;
  return static_cast<double>(sum) / 1e6 / treated;
}

HoldOutChoice choice_of(const CampaignRun& run, const std::optional<PastOutcome>& past, double share) {
  HoldOutChoice choice{.share = share};
  const Index all = run.proposal.groups[0] + run.proposal.groups[1];
  choice.controls = static_cast<Index>(std::floor(share * static_cast<double>(all) + 1e-9));
  choice.treated = all - choice.controls;
  choice.least_effect = nothing;
  if (!past || choice.controls == 0 || choice.treated == 0) return choice;
  const auto n1 = static_cast<double>(choice.treated);
  const auto n0 = static_cast<double>(choice.controls);
  choice.least_effect = run.settings.terms.goal == CampaignGoal::buyers
                            ? least_detectable_rise(past->mean, n1, n0)
                            : least_detectable_difference(past->deviation * past->deviation, n1, n0);
  return choice;
}

std::string per_head(const CampaignRun& run) {
  return fmt::format("{} a head", goal_word(run.settings.terms.goal));
}

/// Past margin is not known: past revenue differs more between customers.
std::string of_margin(const CampaignRun& run) {
  return run.settings.terms.goal == CampaignGoal::margin
             ? " Only past revenue is known and taken for past margin, so hold-outs see smaller effects than that."
             : "";
}

std::string sentence_of(const CampaignRun& run, const HoldOutAdvice& advice) {
  if (!advice.past)
    return "No advice: the dataset has no orders with times, so the past does not say how much customers differ.";
  if (run.proposal.figures.customers == 0) return "Do not run this campaign: no customer gets an offer.";
  if (const char* const reason = why_unknown(run)) {
    return fmt::format(
        "No advice: the expected effect in {} is not known, since {}. Choose the hold-out whose least visible effect, "
        "in {}, you would not want to miss; with goal = margin both are compared.",
        goal_word(run.settings.terms.goal), reason, per_head(run));
  }
  const auto fitting = std::ranges::find_if(
      advice.choices, [&](const HoldOutChoice& choice) { return choice.least_effect <= advice.expected_effect; });
  if (fitting == advice.choices.end()) {
    double least = std::numeric_limits<double>::infinity();
    for (const HoldOutChoice& choice : advice.choices) {
      if (!std::isnan(choice.least_effect)) least = std::min(least, choice.least_effect);
    }
    return fmt::format(
        "No hold-out of up to 20% sees the expected effect of {:.4g} {}: the least that it sees is {:.4g}. Reach more "
        "customers, or measure several campaigns together.{}",
        advice.expected_effect, per_head(run), least, of_margin(run));
  }
  const std::string advised =
      fmt::format("Hold out {:.3g}%: that sees {:.4g} {}, the expected effect is {:.4g}, and it costs {:.2f}.{}",
                  100 * fitting->share, fitting->least_effect, per_head(run), advice.expected_effect, fitting->cost,
                  of_margin(run));
  const double own = static_cast<double>(run.settings.terms.hold_out_millionths) / 1e6;
  if (std::abs(own - fitting->share) < 1e-9) return advised + " So the campaign's own hold-out is right.";
  return fmt::format("{} The campaign holds out {:.3g}%.", advised, 100 * own);
}

}  // namespace

HoldOutAdvice advise_hold_out(const Communicator& comm, const CampaignRun& run) {
  HoldOutAdvice advice;
  advice.past = past_outcomes(comm, run);
  advice.expected_effect = expected_effect(run);
  std::vector<double> shares{0.01, 0.02, 0.05, 0.1, 0.2};
  const double own = static_cast<double>(run.settings.terms.hold_out_millionths) / 1e6;
  if (own > 0 && std::ranges::find(shares, own) == shares.end()) shares.push_back(own);
  std::ranges::sort(shares);
  for (const double share : shares) advice.choices.push_back(choice_of(run, advice.past, share));
  add_costs(comm, run, advice.choices);
  advice.sentence = sentence_of(run, advice);
  return advice;
}

}  // namespace rankwise
