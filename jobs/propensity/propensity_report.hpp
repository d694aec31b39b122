#pragma once
// What is said of a propensity model: a table, sentences, JSON and a page.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "jobs/propensity/findings.hpp"
#include "jobs/propensity/score_output.hpp"

namespace rankwise {

/// Coefficients, and quality beside the baselines, for standard output.
[[nodiscard]] std::string propensity_table(const PropensityFindings& found);

/// Plain sentences: who bought, how good the model is, what goes with buying.
[[nodiscard]] std::vector<std::string> propensity_sentences(const PropensityFindings& found,
                                                            const TargetOutcomes& outcomes);

/// Warnings, in the order of printing.
[[nodiscard]] std::vector<std::string> propensity_warnings(const PropensityFindings& found,
                                                           const TargetOutcomes& outcomes);

[[nodiscard]] nlohmann::ordered_json propensity_json(const PropensityOptions& options, const PropensityFindings& found,
                                                     const TargetOutcomes& outcomes, const ProfileRows& customers,
                                                     const ScoreFindings& scores, const std::string& version);

/// The page of this JSON text.
[[nodiscard]] std::string propensity_page(std::string_view json);

}  // namespace rankwise
