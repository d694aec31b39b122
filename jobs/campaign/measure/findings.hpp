#pragma once
// What was found of a campaign, with what may be printed of it.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "distributed/campaign/assignment.hpp"
#include "distributed/experiments/group_outcomes.hpp"
#include "distributed/profiles/log_span.hpp"
#include "io/dataset/provenance.hpp"
#include "kernels/base/types.hpp"
#include "kernels/experiments/covariates.hpp"
#include "kernels/experiments/sample_ratio.hpp"
#include "kernels/experiments/shrinkage.hpp"
#include "kernels/experiments/welch.hpp"

namespace rankwise {

inline constexpr double confidence = 0.95;
inline constexpr double significance = 1 - confidence;
inline constexpr double cut_share = 0.999;  ///< of customers whose money is not cut

// Where arrays have what is of each group.
inline constexpr auto treated_place = static_cast<std::size_t>(CustomerGroup::treated);
inline constexpr auto control_place = static_cast<std::size_t>(CustomerGroup::control);

/// What is compared, per customer of the list.
enum class Outcome { buyers, orders, revenue, margin };
/// "buyers", ...
[[nodiscard]] std::string_view outcome_word(Outcome outcome);
[[nodiscard]] Outcome outcome_of(CampaignGoal goal);
[[nodiscard]] constexpr bool is_money(Outcome outcome) {
  return outcome == Outcome::revenue || outcome == Outcome::margin;
}

/// Treated customers beside controls in one outcome.
struct Comparison {
  Outcome outcome = Outcome::revenue;
  std::optional<double> cut;  ///< money above this counted as this much
  bool is_printed = false;
  GroupOutcome treated;
  GroupOutcome control;
  Effect difference;
  Effect lift;                     ///< relative
  std::optional<Effect> adjusted;  ///< difference, by the past; nothing if that is not known
  std::optional<Effect> adjusted_lift;
  std::optional<AdjustedGroups> by_past;
};

/// A segment, an offer, both, or a decile.
struct CellComparison {
  std::string segment;  ///< "(all)": all
  std::string offer;    ///< likewise
  int decile = 0;       ///< from 1, of what was expected; 0: none
  Comparison comparison;
  double p_adjusted = 1;
};

/// A line of the table for the next plan.
struct UpliftCell {
  std::string segment;
  std::string offer;
  Index treated = 0;
  Index control = 0;
  Estimate uplift;  ///< margin per customer
  double shrunk = 0;
  double sent_share = 1;  ///< of the treated, those who were sent what was intended
};

enum class CampaignVerdict {
  no_control,    ///< nobody to compare with
  sample_ratio,  ///< groups are not of the sizes that they were drawn to have
  too_few,       ///< numbers may not be printed
  raised,
  lowered,
  none_found
};
/// "no-control", ...
[[nodiscard]] std::string_view verdict_word(CampaignVerdict verdict);

struct ReturnOnCost {
  double cost = 0;    ///< of what was sent
  Effect margin;      ///< extra margin of all treated customers together
  double ratio = 0;   ///< (extra margin - cost) / cost
  Interval interval;  ///< of the ratio
};

/// Treated customers before and after, if there is nobody to compare with.
struct BeforeAndAfter {
  bool is_printed = false;
  double before = 0;  ///< spend per customer in as long a time before
  double after = 0;
};

struct CampaignFindings {
  std::string file;
  CampaignTerms terms;
  bool is_fixed = false;
  std::array<Index, customer_group_count> customers{};
  Index in_outcomes = 0;                              ///< customers of the list whom the dataset of outcomes has
  std::array<Index, customer_group_count> unknown{};  ///< by group, customers whom it does not have
  Index left_out = 0;                                 ///< of a table with times: whose time the log does not cover
  Index others_with_orders = 0;
  Index others_orders = 0;
  double covered_share = 1;  ///< of the campaign's time that the log of outcomes covers
  bool has_past = false;
  std::optional<SampleRatioTest> sample_ratio;  ///< nothing if no expected sizes are known
  std::array<double, customer_group_count> expected_shares{};
  std::vector<Comparison> comparisons;  ///< of the whole list; none without controls
  std::size_t primary = 0;              ///< the one that decides
  double p_adjusted = 1;                ///< of it, over all campaigns of the run
  double least_detectable = 0;          ///< difference of the primary outcome, at a power of 80%
  std::vector<CellComparison> segments;
  std::vector<CellComparison> offers;
  std::vector<CellComparison> deciles;
  Index cells_hidden = 0;
  Index uplifts_hidden = 0;
  std::optional<double> decile_heterogeneity_p;  ///< Cochran's Q over deciles
  std::vector<UpliftCell> uplifts;
  std::optional<ShrunkEstimates> shrunk;
  std::vector<std::string> filters;  ///< what the dataset of outcomes leaves out: then nothing says that it paid
  std::optional<ReturnOnCost> return_on_cost;
  std::optional<BeforeAndAfter> before_and_after;
  std::optional<double> redeemed_share;  ///< of treated customers; NaN if it may not be printed
  CampaignVerdict verdict = CampaignVerdict::no_control;
  std::vector<std::string> sentences;
  std::vector<std::string> caveats;

  /// Whether a group is too small for its size to be printed, or what gives it back.
  [[nodiscard]] bool hides_sizes(Index least_group) const {
    for (const Index count : customers) {
      if (count > 0 && count < least_group) return true;
    }
    return false;
  }
  [[nodiscard]] const Comparison* deciding() const { return comparisons.empty() ? nullptr : &comparisons[primary]; }
};

struct MeasureFindings {
  Provenance provenance;
  std::string outcomes_file;
  LogSpan log;
  std::vector<std::string> filters;
  Index least_group = 10;
  std::vector<CampaignFindings> campaigns;
};

}  // namespace rankwise
