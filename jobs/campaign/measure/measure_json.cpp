#include "jobs/campaign/measure/measure_json.hpp"

#include <cmath>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <numeric>

#include "io/campaign/uplift_table.hpp"
#include "io/config/json_text.hpp"
#include "io/text/csv_field.hpp"
#include "kernels/text/utc_text.hpp"

namespace rankwise {

namespace {

using Json = nlohmann::ordered_json;

Json effect_json(const Effect& effect) {
  return {{"value", number_or_null(effect.value)},
          {"standard_error", number_or_null(effect.standard_error)},
          {"t", number_or_null(effect.t)},
          {"degrees_of_freedom", number_or_null(effect.degrees_of_freedom)},
          {"p", effect.p},
          {"interval", Json::array({number_or_null(effect.interval.low), number_or_null(effect.interval.high)})}};
}

Json effect_json(const std::optional<Effect>& effect) {
  return effect ? effect_json(*effect) : Json(nullptr);
}

Json group_json(const GroupOutcome& group) {
  const GroupMoments moments = outcome_moments(group.sums);
  return {{"customers", group.sums.customers},
          {"with_outcome", group.contributors},
          {"mean", number_or_null(moments.mean)},
          {"deviation", number_or_null(std::sqrt(moments.variance))}};
}

Json comparison_json(const Comparison& comparison) {
  Json json{{"outcome", outcome_word(comparison.outcome)},
            {"cut_at", comparison.cut && comparison.is_printed ? Json(*comparison.cut) : Json(nullptr)},
            {"is_cut", comparison.cut.has_value()},
            {"printed", comparison.is_printed}};
  if (!comparison.is_printed) {
    json["reason"] = comparison.cut ? "too few customers of a group have money, or money above the cut, or one of them "
                                      "has more than half of it"
                                    : "too few customers of a group, or too few of them with this outcome, or one of "
                                      "them has more than half of it";
    return json;
  }
  json["treated"] = group_json(comparison.treated);
  json["control"] = group_json(comparison.control);
  json["difference"] = effect_json(comparison.difference);
  json["relative_lift"] = effect_json(comparison.lift);
  json["adjusted_difference"] = effect_json(comparison.adjusted);
  json["adjusted_relative_lift"] = effect_json(comparison.adjusted_lift);
  if (comparison.by_past) {
    json["adjustment"] = {{"past_slope", comparison.by_past->past_slope},
                          {"without_past_slope", comparison.by_past->without_past_slope},
                          {"explained_share", comparison.by_past->explained_share}};
  } else {
    json["adjustment"] = nullptr;
  }
  return json;
}

Json cells_json(const std::vector<CellComparison>& cells) {
  Json json = Json::array();
  for (const CellComparison& cell : cells) {
    Json one{{"segment", cell.segment}, {"offer", cell.offer}};
    if (cell.decile > 0) one["tenth"] = cell.decile;
    one.update(comparison_json(cell.comparison));
    one["p_adjusted"] = cell.p_adjusted;
    json.push_back(std::move(one));
  }
  return json;
}

Json count_json(Index count, Index least) {
  return count > 0 && count < least ? Json(nullptr) : Json(count);
}

bool is_few(Index count, Index least) {
  return count > 0 && count < least;
}

/// Beside the sizes of groups it gives back who is unknown.
Json in_outcomes_json(const CampaignFindings& findings, Index least) {
  const Index unknown = std::accumulate(findings.unknown.begin(), findings.unknown.end(), Index{0});
  if (findings.hides_sizes(least) || is_few(unknown, least)) return nullptr;
  return count_json(findings.in_outcomes, least);
}

/// One of them gives back the others.
Json unknown_json(const CampaignFindings& findings, Index least) {
  bool is_hidden = findings.hides_sizes(least);
  for (const Index count : findings.unknown) is_hidden = is_hidden || is_few(count, least);
  const auto number = [&](Index count) { return is_hidden ? Json(nullptr) : Json(count); };
  return {{"treated", number(findings.unknown[0])}, {"control", number(findings.unknown[1])}};
}

Json sample_ratio_json(const CampaignFindings& findings, Index least) {
  if (!findings.sample_ratio) return nullptr;
  const bool is_hidden = findings.hides_sizes(least);  // either number gives the sizes back
  return {{"expected_shares", findings.expected_shares},
          {"chi_square", is_hidden ? Json(nullptr) : number_or_null(findings.sample_ratio->chi_square)},
          {"p", is_hidden ? Json(nullptr) : Json(findings.sample_ratio->p)},
          {"alarm", findings.sample_ratio->is_alarm()}};
}

Json return_json(const CampaignFindings& findings) {
  if (!findings.return_on_cost || !findings.filters.empty()) return nullptr;
  const ReturnOnCost& money = *findings.return_on_cost;
  return {{"cost", money.cost},
          {"extra_margin", effect_json(money.margin)},
          {"return_on_cost", number_or_null(money.ratio)},
          {"interval", Json::array({number_or_null(money.interval.low), number_or_null(money.interval.high)})}};
}

Json before_json(const CampaignFindings& findings) {
  if (!findings.before_and_after || !findings.before_and_after->is_printed) return nullptr;
  return {{"spend_before", findings.before_and_after->before}, {"spend_after", findings.before_and_after->after}};
}

Json uplifts_json(const CampaignFindings& findings) {
  Json cells = Json::array();
  for (const UpliftCell& cell : findings.uplifts) {
    cells.push_back({{"segment", cell.segment},
                     {"offer", cell.offer},
                     {"treated", cell.treated},
                     {"control", cell.control},
                     {"uplift", number_or_null(cell.uplift.value)},
                     {"standard_error", number_or_null(cell.uplift.standard_error)},
                     {"shrunk_uplift", number_or_null(cell.shrunk)},
                     {"sent_share", cell.sent_share}});
  }
  return {{"mean", findings.shrunk ? number_or_null(findings.shrunk->mean) : Json(nullptr)},
          {"variance_between", findings.shrunk ? Json(findings.shrunk->variance_between) : Json(nullptr)},
          {"not_printed", findings.uplifts_hidden},
          {"cells", std::move(cells)}};
}

Json campaign_json(const CampaignFindings& findings, Index least) {
  Json json{{"campaign", findings.terms.campaign},
            {"assignment", findings.file},
            {"fixed_before", findings.is_fixed},
            {"goal", goal_word(findings.terms.goal)},
            {"start_microseconds", findings.terms.start_microseconds},
            {"horizon_seconds", findings.terms.horizon_seconds},
            {"verdict", verdict_word(findings.verdict)},
            {"sentences", findings.sentences},
            {"caveats", findings.caveats},
            {"treated", count_json(findings.customers[0], least)},
            {"control", count_json(findings.customers[1], least)},
            {"global_control", count_json(findings.customers[2], least)},
            {"in_outcomes", in_outcomes_json(findings, least)},
            {"not_in_outcomes", unknown_json(findings, least)},
            {"left_out", count_json(findings.left_out, least)},
            {"others_with_orders", count_json(findings.others_with_orders, least)},
            {"others_orders", count_json(findings.others_orders, least)},
            {"covered_share", findings.covered_share},
            {"past_is_known", findings.has_past},
            {"sample_ratio", sample_ratio_json(findings, least)}};
  const bool is_comparable = findings.verdict != CampaignVerdict::sample_ratio;
  Json comparisons = Json::array();
  for (const Comparison& comparison : findings.comparisons) {
    if (is_comparable) comparisons.push_back(comparison_json(comparison));
  }
  json["comparisons"] = std::move(comparisons);
  const Comparison* const deciding = findings.deciding();
  const bool is_decided = is_comparable && deciding != nullptr && deciding->is_printed;
  json["p_adjusted"] = is_decided ? Json(findings.p_adjusted) : Json(nullptr);
  json["least_detectable_difference"] = is_decided ? number_or_null(findings.least_detectable) : Json(nullptr);
  json["segments"] = cells_json(findings.segments);
  json["offers"] = cells_json(findings.offers);
  json["tenths"] = cells_json(findings.deciles);
  json["tenths_heterogeneity_p"] =
      findings.decile_heterogeneity_p ? Json(*findings.decile_heterogeneity_p) : Json(nullptr);
  json["cells_not_printed"] = findings.cells_hidden;
  json["uplifts"] = uplifts_json(findings);
  json["return_on_cost"] = return_json(findings);
  json["before_and_after"] = before_json(findings);
  json["redeemed_share"] = findings.redeemed_share ? number_or_null(*findings.redeemed_share) : Json(nullptr);
  return json;
}

}  // namespace

Json measure_json(const MeasureFindings& findings) {
  Json campaigns = Json::array();
  for (const CampaignFindings& campaign : findings.campaigns)
    campaigns.push_back(campaign_json(campaign, findings.least_group));
  return {{"version", findings.provenance.version},
          {"configuration", findings.provenance.configuration},
          {"outcomes",
           {{"file", findings.outcomes_file},
            {"digest", fmt::format("{:016x}", findings.provenance.dataset_digest)},
            {"begins", utc_text(findings.log.begin_seconds)},
            {"ends", utc_text(findings.log.end_seconds)},
            {"orders_apart", findings.log.orders_apart},
            {"filters", findings.filters}}},
          {"least_group", findings.least_group},
          {"confidence", confidence},
          {"cut_share", cut_share},
          {"campaigns", std::move(campaigns)}};
}

std::string uplift_csv(const CampaignFindings& findings) {
  std::string text = "segment,offer,treated,control,uplift,standard_error,shrunk_uplift,sent_share\n";
  for (const UpliftCell& cell : findings.uplifts) {
    text += fmt::format("{},{},{},{},{:.6f},{:.6f},{},{:.6f}\n", csv_field(cell.segment), csv_field(cell.offer),
                        cell.treated, cell.control, cell.uplift.value, cell.uplift.standard_error,
                        cell.sent_share < least_sent_share ? std::string() : fmt::format("{:.6f}", cell.shrunk),
                        cell.sent_share);
  }
  return text;
}

}  // namespace rankwise
