#pragma once
// --model, once or several times, and how the scores of several models are added: --blend, --blend-scores.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/ranking/score_normalizer.hpp"

namespace boost::program_options {
class options_description;
}

namespace rankwise {

/// The model of a job, or the models of a blend.
struct ModelChoice {
  std::vector<std::string> paths;
  std::optional<std::vector<double>> weights;  ///< as given: finite, above 0
  std::optional<ScoreNormalization> scores;    ///< as given

  [[nodiscard]] bool is_blend() const { return paths.size() > 1; }
  [[nodiscard]] ScoreNormalization normalization() const { return scores.value_or(ScoreNormalization::standard); }
  /// For messages: "als.h5", or "als.h5 + items.h5".
  [[nodiscard]] std::string text() const;
};

/// As --blend-scores has it: "standard", "rank".
[[nodiscard]] const char* normalization_word(ScoreNormalization normalization);

/// Parses "0.7,0.3"; throws Error(usage) that names the option and the faulty weight.
[[nodiscard]] std::vector<double> parse_weights(std::string_view option, const std::string& list);

/// Weights over their sum. Throws Error(usage) if one vanishes beside the largest.
[[nodiscard]] std::vector<double> shares_of(const std::vector<double>& weights);

/// The file names of models without their folders; paths if two names are equal.
[[nodiscard]] std::vector<std::string> names_of_models(const std::vector<std::string>& paths);

/// Adds --model with this help, repeated for a blend; `choice` outlives the description.
void describe_models(boost::program_options::options_description& description, ModelChoice& choice,
                     const std::string& help);
/// Adds --blend and --blend-scores.
void describe_blend(boost::program_options::options_description& description, ModelChoice& choice);
/// Adds --blend-scores alone.
void describe_blend_scores(boost::program_options::options_description& description, ModelChoice& choice);

/// Throws Error(usage) if a path is given twice.
void require_distinct(const std::vector<std::string>& paths);
/// Throws Error(usage) if models and weights do not fit each other.
void require_sense(const ModelChoice& choice);

}  // namespace rankwise
