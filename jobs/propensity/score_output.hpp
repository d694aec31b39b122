#pragma once
// The file of scores.

#include "jobs/propensity/findings.hpp"
#include "jobs/propensity/target_outcomes.hpp"

namespace rankwise {

/// What is known of the customers who get scores.
struct ScoreFindings {
  bool out_of_fold = true;
  Index customers = 0;           ///< with a score
  Index without_purchase = 0;    ///< the others, who have none
  Index unknown_categories = 0;  ///< values whose category the fit did not know, of all customers
  std::string analysis_day;
};

/// Scores of the customers whose outcomes are known, each by the fit that has not seen it; or of `scored`, the profile
/// of --score, by the fit of all. Users without a purchase have none. Collective over context.comm; throws AgreedError
/// (no_input, bad_data, cannot_create, io_error).
[[nodiscard]] ScoreFindings write_scores(JobContext& context, const PropensityOptions& options,
                                         const ProfileRows& customers, const std::optional<ProfileRows>& scored,
                                         const PropensityFindings& found, const TargetOutcomes& outcomes);

}  // namespace rankwise
