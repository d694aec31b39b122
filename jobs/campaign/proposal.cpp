#include "jobs/campaign/proposal.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <map>
#include <utility>

#include "distributed/campaign/hold_out.hpp"
#include "distributed/rows/select_rows.hpp"
#include "io/campaign/uplift_table.hpp"
#include "jobs/campaign/uplift_matches.hpp"
#include "kernels/base/error.hpp"
#include "kernels/campaign/offer_value.hpp"
#include "kernels/keyed_hash/pseudonyms.hpp"
#include "kernels/text/shown_text.hpp"

namespace rankwise {

namespace {

template <class T>
std::vector<T> at_places(const std::vector<T>& values, const std::vector<Index>& places) {
  std::vector<T> picked;
  picked.reserve(places.size());
  for (const Index place : places) picked.push_back(values[static_cast<std::size_t>(place)]);
  return picked;
}

/// The eligible customers, numbered from 0 over all ranks. Collective.
IdRows eligible_ids(const Communicator& comm, const EligibleCustomers& customers) {
  const Index mine = std::ssize(customers.places);
  const Index first = comm.exclusive_sum(mine);
  return {{first, first + mine}, comm.sum(mine), select_rows(customers.users.ids, customers.places)};
}

/// Names of strata, and the stratum of each customer. Collective.
void form_strata(const Communicator& comm, const CampaignSettings& settings, CampaignAssignment& assignment) {
  const std::size_t customers = assignment.past_money_millionths.size();
  const std::vector<std::int32_t> quarters = settings.strata_by_value
                                                 ? value_quarters(comm, assignment.past_money_millionths)
                                                 : std::vector<std::int32_t>(customers, 0);
  const std::int32_t quarter_count = settings.strata_by_value ? 4 : 1;
  const auto segments = static_cast<std::int32_t>(assignment.segments.size());
  const std::int32_t segment_count = settings.strata_by_segment ? segments + 1 : 1;
  for (std::int32_t segment = 0; segment < segment_count; ++segment) {
    for (std::int32_t quarter = 0; quarter < quarter_count; ++quarter) {
      std::string name;
      if (settings.strata_by_segment) {
        name = segment == segments ? std::string("no segment")
                                   : "segment " + assignment.segments[static_cast<std::size_t>(segment)];
      }
      if (settings.strata_by_value) name += fmt::format("{}value quarter {}", name.empty() ? "" : ", ", quarter + 1);
      assignment.strata.push_back(name.empty() ? "all" : name);
    }
  }
  for (std::size_t c = 0; c < customers; ++c) {
    const std::int32_t segment = assignment.segment_of[c] < 0 ? segments : assignment.segment_of[c];
    assignment.stratum_of.push_back((settings.strata_by_segment ? segment * quarter_count : 0) + quarters[c]);
  }
}

/// First the global hold-out, by a hash that no campaign's name enters, then the campaign's. Collective.
void draw_groups(const Communicator& comm, const std::string& key, const std::vector<std::uint64_t>& draws,
                 CampaignAssignment& assignment) {
  const CampaignTerms& terms = assignment.terms;
  assignment.groups.assign(draws.size(), CustomerGroup::treated);
  std::vector<std::int32_t> eligible(draws.size(), 1);
  if (terms.global_hold_out_millionths > 0) {
    const std::vector<std::uint64_t> global = keyed_draws(key, "", assignment.ids.ids);
    for (std::size_t c = 0; c < draws.size(); ++c) {
      if (!is_below_share(global[c], terms.global_hold_out_millionths)) continue;
      assignment.groups[c] = CustomerGroup::global_control;
      eligible[c] = 0;
    }
  }
  const std::vector<std::int32_t> held = first_of_strata(
      comm, draws, assignment.stratum_of, std::ssize(assignment.strata), eligible, terms.hold_out_millionths);
  for (std::size_t c = 0; c < draws.size(); ++c) {
    if (held[c] != 0) assignment.groups[c] = CustomerGroup::control;
  }
}

std::vector<std::int32_t> probabilities_of(const ColumnValues& values, const std::vector<Index>& places,
                                           ProbabilityColumn& column) {
  const auto* const numbers = std::get_if<Numbers>(&values);
  if (numbers == nullptr) {
    throw Error(ExitCode::usage, fmt::format("probability = {}: the column of {} has no numbers; expected numbers from "
                                             "0 to 1",
                                             column.name, column.file));
  }
  std::vector<std::int32_t> probabilities;
  probabilities.reserve(places.size());
  for (const Index place : places) {
    const double number = (*numbers)[static_cast<std::size_t>(place)];
    const bool is_outside = number < 0 || number > 1;
    column.missing += std::isnan(number) ? 1 : 0;
    column.outside += is_outside ? 1 : 0;
    probabilities.push_back(std::isnan(number) || is_outside ? OfferValues::no_probability
                                                             : static_cast<std::int32_t>(std::lrint(number * 1e6)));
  }
  return probabilities;
}

/// Collective.
void read_probabilities(JobContext& context, const CampaignSettings& settings, EligibleCustomers& customers,
                        CampaignProposal& proposal) {
  OfferValues& values = proposal.values;
  std::map<std::string, std::int32_t> known;
  for (const OfferProbability& probability : settings.probabilities) {
    values.constant_millionths.push_back(probability.constant_millionths);
    if (probability.column.empty()) {
      values.column_of.push_back(-1);
      continue;
    }
    const auto next = static_cast<std::int32_t>(known.size());
    const auto [place, is_new] = known.try_emplace(probability.column, next);
    values.column_of.push_back(place->second);
    if (!is_new) continue;
    ProbabilityColumn& column = proposal.columns.emplace_back();
    column.name = probability.column;
    const ColumnValues read = customers.columns->column("probability", probability.column);
    column.file = customers.columns->file_of(probability.column);
    values.probabilities.push_back(
        agree_on(context.comm, [&] { return probabilities_of(read, customers.places, column); }));
    column.missing = context.comm.sum(column.missing);
    column.outside = context.comm.sum(column.outside);
  }
}

/// The row of `values.uplift_millionths` of a segment's name; nothing: the campaign has no such one.
std::optional<Index> uplift_row(const std::vector<std::string>& segments, const std::string& name) {
  const auto found = std::ranges::find(segments, name);
  if (found != segments.end()) return found - segments.begin();
  const bool is_rest = name == uplift_of_none || (segments.empty() && name == uplift_of_all);
  return is_rest ? std::optional<Index>(std::ssize(segments)) : std::nullopt;
}

/// Collective.
void read_uplift_of(JobContext& context, const CampaignOptions& options, CampaignProposal& proposal) {
  if (options.uplift.empty()) return;
  UpliftTable table = read_uplift(context.comm, options.uplift);
  if (!options.uplift_matches.empty())
    proposal.uplift.unmatched = match_uplifts(context.comm, options.uplift_matches, table);
  const CampaignOffers& offers = proposal.assignment.offers;
  OfferValues& values = proposal.values;
  values.uplift_millionths.assign((proposal.assignment.segments.size() + 1) * offers.size(), OfferValues::no_uplift);
  proposal.uplift.has_sent_share = table.has_sent_share;
  proposal.uplift.rows = std::ssize(table.segments);
  for (std::size_t r = 0; r < table.segments.size(); ++r) {
    const std::optional<Index> row = uplift_row(proposal.assignment.segments, table.segments[r]);
    const auto offer = std::ranges::find(offers.names, table.offers[r]);
    if (!row && table.segments[r].empty()) continue;  // matches none
    if (!row || offer == offers.names.end()) {
      ++proposal.uplift.unknown;
    } else if (table.has_value[r] == 0) {
      ++proposal.uplift.empty;
    } else {
      const auto cell =
          static_cast<std::size_t>(*row) * offers.size() + static_cast<std::size_t>(offer - offers.names.begin());
      values.uplift_millionths[cell] = table.margin_millionths[r];
      ++proposal.uplift.used;
    }
  }
  proposal.uplift.by_number = !options.clustering.empty() && options.names.empty() && options.uplift_matches.empty() &&
                              proposal.uplift.used > 0;
}

CampaignLimits limits_of(const CampaignSettings& settings) {
  CampaignLimits limits;
  limits.offers.per_customer =
      std::min<Index>(settings.offers_per_customer, static_cast<Index>(settings.offers.size()));
  limits.offers.per_category = settings.offers_per_category;
  limits.capacity = settings.offers.capacity;
  limits.budget_millionths = settings.budget_millionths;
  std::map<std::string, std::int32_t> categories;
  std::int32_t next = 0;
  for (const std::string& category : settings.offers.categories) {
    if (category.empty()) {
      limits.offers.category_of.push_back(next++);
      continue;
    }
    const auto [place, is_new] = categories.try_emplace(category, next);
    next += is_new ? 1 : 0;
    limits.offers.category_of.push_back(place->second);
  }
  return limits;
}

/// Throws Error(usage) if sums of values could be more than numbers hold.
void require_countable(const OfferValues& values, const CampaignLimits& limits, Index customers) {
  constexpr double most = 4e18;
  std::int64_t largest = 1;
  for (const std::int64_t margin : values.margin_millionths) largest = std::max(largest, margin);
  for (const std::int64_t cost : values.cost_millionths) largest = std::max(largest, cost);
  for (const std::int64_t uplift : values.uplift_millionths) largest = std::max(largest, uplift);
  if (static_cast<double>(largest) * static_cast<double>(customers) * static_cast<double>(limits.offers.per_customer) <
      most)
    return;
  throw Error(ExitCode::usage, fmt::format("margins or costs up to {} for {} customers are more than a campaign can "
                                           "count with; expected a sum of at most {}",
                                           static_cast<double>(largest) / 1e6, customers, most / 1e6));
}

/// Collective.
void count_strata(const Communicator& comm, CampaignProposal& proposal) {
  const CampaignAssignment& assignment = proposal.assignment;
  const std::size_t strata = assignment.strata.size();
  std::vector<Index> counts(2 * strata + proposal.groups.size(), 0);
  for (std::size_t c = 0; c < assignment.groups.size(); ++c) {
    const auto stratum = static_cast<std::size_t>(assignment.stratum_of[c]);
    const CustomerGroup group = assignment.groups[c];
    counts[stratum] += group != CustomerGroup::global_control ? 1 : 0;
    counts[strata + stratum] += group == CustomerGroup::control ? 1 : 0;
    ++counts[2 * strata + static_cast<std::size_t>(group)];
  }
  comm.all_reduce_sum(std::span(counts));
  for (std::size_t s = 0; s < strata; ++s)
    proposal.strata.push_back({assignment.strata[s], counts[s], counts[strata + s]});
  for (std::size_t g = 0; g < proposal.groups.size(); ++g) proposal.groups[g] = counts[2 * strata + g];
}

/// Predicted values: of the intended offers.
void add_predictions(CampaignAssignment& assignment) {
  for (std::size_t c = 0; c < assignment.groups.size(); ++c) {
    std::int64_t predicted = 0;
    for (auto e = static_cast<std::size_t>(assignment.lines.offsets[c]);
         e < static_cast<std::size_t>(assignment.lines.offsets[c + 1]); ++e)
      predicted += assignment.lines.intended[e] != 0 ? assignment.lines.value_millionths[e] : 0;
    assignment.predicted_value_millionths.push_back(predicted);
  }
}

}  // namespace

CampaignProposal propose(JobContext& context, const CampaignOptions& options, const CampaignSettings& settings,
                         EligibleCustomers& customers, const std::string& key) {
  const Communicator& comm = context.comm;
  CampaignProposal proposal;
  CampaignAssignment& assignment = proposal.assignment;
  assignment.terms = settings.terms;
  assignment.terms.key_id = Pseudonyms(key).key_id();
  assignment.offers = settings.offers;
  assignment.segments = customers.segment_names;

  // 1. Customers and their groups.
  assignment.ids = eligible_ids(comm, customers);
  assignment.past_money_millionths = customers.past ? at_places(customers.past->money_millionths, customers.places)
                                                    : std::vector<std::int64_t>(customers.places.size(), 0);
  assignment.segment_of = customers.segment.empty() ? std::vector<std::int32_t>(customers.places.size(), -1)
                                                    : at_places(customers.segment, customers.places);
  form_strata(comm, settings, assignment);
  const std::vector<std::uint64_t> draws = keyed_draws(key, assignment.terms.campaign, assignment.ids.ids);
  draw_groups(comm, key, draws, assignment);
  count_strata(comm, proposal);

  // 2. What each offer is worth with each customer.
  OfferValues& values = proposal.values;
  values.cost_millionths = settings.offers.cost_millionths;
  values.margin_millionths = settings.offers.margin_millionths;
  for (const std::uint64_t draw : draws) values.hashes.push_back(static_cast<std::uint32_t>(draw));
  read_probabilities(context, settings, customers, proposal);
  read_uplift_of(context, options, proposal);
  if (!values.uplift_millionths.empty()) values.segment_of = assignment.segment_of;
  values.segments = std::ssize(assignment.segments);
  proposal.limits = limits_of(settings);
  agree_on(comm, [&] { require_countable(values, proposal.limits, assignment.ids.total_rows); });

  // 3. Prices of offers and budget, by the treated customers, and what each customer gets at them.
  std::vector<Index> treated;
  for (std::size_t c = 0; c < assignment.groups.size(); ++c) {
    if (assignment.groups[c] == CustomerGroup::treated) treated.push_back(static_cast<Index>(c));
  }
  {
    const auto timer = context.report.phase("prices");
    proposal.search = find_prices(comm, values, treated, proposal.limits);
  }
  const auto timer = context.report.phase("assign");
  OfferAssignment solved = assign_offers(comm, values, assignment.groups, proposal.limits, proposal.search.prices);
  assignment.lines = std::move(solved.lines);
  proposal.figures = std::move(solved.figures);
  add_predictions(assignment);
  return proposal;
}

double gap_of(const CampaignProposal& proposal) {
  if (proposal.search.bound_millionths <= 0) return 0;
  return 1 - static_cast<double>(proposal.figures.value_total_millionths) /
                 static_cast<double>(proposal.search.bound_millionths);
}

}  // namespace rankwise
