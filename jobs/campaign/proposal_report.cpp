#include "jobs/campaign/proposal_report.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kernels/base/time_units.hpp"
#include "kernels/campaign/offer_value.hpp"
#include "kernels/text/counted.hpp"
#include "kernels/text/shown_text.hpp"
#include "kernels/text/utc_text.hpp"

namespace rankwise {

namespace {

using Json = nlohmann::ordered_json;

double units(std::int64_t millionths_count) {
  return static_cast<double>(millionths_count) / 1e6;
}

/// Of an offer's price in money: its own, without the budget's part.
double own_price(const CampaignProposal& proposal, std::size_t offer) {
  return std::ldexp(static_cast<double>(proposal.search.prices.own[offer]), -tie_bits) / 1e6;
}

/// Money a money spent.
double budget_price(const CampaignProposal& proposal) {
  return std::ldexp(static_cast<double>(proposal.search.prices.budget), -40);
}

std::string eligibility_text(const EligibilityCounts& counts) {
  std::string text = fmt::format("{:>12} customers\n", counts.users);
  const auto line = [&](Index count, const char* reason) {
    if (count > 0) text += fmt::format("{:>12} left out: {}\n", count, reason);
  };
  line(counts.other_segment, "in other segments");
  line(counts.condition, "do not fulfil the condition");
  line(counts.contacts, "had too many contacts");
  return text + fmt::format("{:>12} eligible\n", counts.eligible);
}

std::string groups_text(const CampaignProposal& proposal) {
  return fmt::format(
      "{:>12} never contacted (global hold-out)\n{:>12} controls (hold-out of this campaign)\n"
      "{:>12} treated, of whom {} get something\n",
      proposal.groups[2], proposal.groups[1], proposal.groups[0], proposal.figures.customers);
}

std::string capacity_text(Index capacity) {
  return capacity == CampaignOffers::unlimited ? std::string("-") : std::to_string(capacity);
}

std::string offers_text(const CampaignProposal& proposal) {
  const CampaignOffers& offers = proposal.assignment.offers;
  std::size_t width = 5;
  for (const std::string& name : offers.names) width = std::max(width, name.size());
  std::string text = fmt::format("{:<{}} {:>12} {:>12} {:>12} {:>12} {:>14} {:>12} {:>12}\n", "offer", width,
                                 "could get it", "capacity", "intended", "sent", "value", "cost", "price");
  for (std::size_t o = 0; o < offers.size(); ++o) {
    text += fmt::format("{:<{}} {:>12} {:>12} {:>12} {:>12} {:>14.2f} {:>12.2f} {:>12.4f}\n", offers.names[o], width,
                        proposal.figures.possible[o], capacity_text(offers.capacity[o]), proposal.figures.intended[o],
                        proposal.figures.sent[o], units(proposal.figures.value_millionths[o]),
                        units(proposal.figures.sent[o] * offers.cost_millionths[o]), own_price(proposal, o));
  }
  return text;
}

Json offers_json(const CampaignProposal& proposal) {
  const CampaignOffers& offers = proposal.assignment.offers;
  const OfferFigures& figures = proposal.figures;
  Json all = Json::array();
  for (std::size_t o = 0; o < offers.size(); ++o) {
    all.push_back(
        {{"name", offers.names[o]},
         {"category", offers.categories[o]},
         {"channel", offers.channels[o]},
         {"cost", units(offers.cost_millionths[o])},
         {"margin", units(offers.margin_millionths[o])},
         {"capacity", offers.capacity[o] == CampaignOffers::unlimited ? Json(nullptr) : Json(offers.capacity[o])},
         {"could_get_it", figures.possible[o]},
         {"without_value", figures.unknown[o]},
         {"intended", figures.intended[o]},
         {"intended_of_controls", figures.intended_of_controls[o]},
         {"taken_back", figures.taken_back[o]},
         {"filled", figures.filled[o]},
         {"sent", figures.sent[o]},
         {"value", units(figures.value_millionths[o])},
         {"spending", units(figures.sent[o] * offers.cost_millionths[o])},
         {"price", own_price(proposal, o)}});
  }
  return all;
}

}  // namespace

std::string proposal_table(const CampaignRun& run) {
  const CampaignProposal& proposal = run.proposal;
  const CampaignSettings& settings = run.settings;
  std::string text =
      fmt::format("campaign {}, goal {}, from {} UTC for {:g} days\n\n", settings.terms.campaign,
                  goal_word(settings.terms.goal), utc_text(seconds_of(settings.terms.start_microseconds)),
                  static_cast<double>(settings.terms.horizon_seconds) / seconds_per_day);
  text += eligibility_text(run.customers.counts) + groups_text(proposal) + "\n" + offers_text(proposal) + "\n";
  text += fmt::format("expected value {:.2f}, no assignment exceeds {:.2f}: the gap is {:.4f}%\n",
                      units(proposal.figures.value_total_millionths), units(proposal.search.bound_millionths),
                      100 * gap_of(proposal));
  text += settings.budget_millionths < 0
              ? fmt::format("cost {:.2f}\n", units(proposal.figures.spending_millionths))
              : fmt::format("cost {:.2f} of a budget of {:.2f}; one more unit of budget would be worth {:.4g}\n",
                            units(proposal.figures.spending_millionths), units(settings.budget_millionths),
                            budget_price(proposal));
  return text;
}

Json proposal_json(const CampaignRun& run) {
  const CampaignProposal& proposal = run.proposal;
  const CampaignSettings& settings = run.settings;
  const EligibilityCounts& counts = run.customers.counts;
  Json json;
  json["campaign"] = settings.terms.campaign;
  json["goal"] = goal_word(settings.terms.goal);
  json["start"] = utc_text(seconds_of(settings.terms.start_microseconds));
  json["horizon_seconds"] = settings.terms.horizon_seconds;
  json["customers"] = {
      {"all", counts.users},
      {"left_out",
       {{"other_segment", counts.other_segment}, {"condition", counts.condition}, {"contacts", counts.contacts}}},
      {"eligible", counts.eligible},
      {"global_controls", proposal.groups[2]},
      {"controls", proposal.groups[1]},
      {"treated", proposal.groups[0]},
      {"with_an_offer", proposal.figures.customers}};
  json["contacts"] = {{"read", counts.contacts_read},
                      {"of_others", counts.contacts_of_others},
                      {"at_or_after_the_start", counts.contacts_later}};
  json["orders_at_or_after_the_start"] = counts.orders_later;
  json["probabilities"] = Json::array();
  for (const ProbabilityColumn& column : proposal.columns)
    json["probabilities"].push_back(
        {{"column", column.name}, {"missing", column.missing}, {"outside", column.outside}});
  json["uplift"] = {{"rows", proposal.uplift.rows},           {"used", proposal.uplift.used},
                    {"unknown", proposal.uplift.unknown},     {"empty", proposal.uplift.empty},
                    {"unmatched", proposal.uplift.unmatched}, {"has_sent_share", proposal.uplift.has_sent_share},
                    {"by_number", proposal.uplift.by_number}};
  json["offers"] = offers_json(proposal);
  json["value"] = units(proposal.figures.value_total_millionths);
  json["bound"] = units(proposal.search.bound_millionths);
  json["gap"] = gap_of(proposal);
  json["spending"] = units(proposal.figures.spending_millionths);
  json["budget"] = settings.budget_millionths < 0 ? Json(nullptr) : Json(units(settings.budget_millionths));
  json["budget_price"] = budget_price(proposal);
  json["price_steps"] = proposal.search.steps;
  return json;
}

}  // namespace rankwise
