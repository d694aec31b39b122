#pragma once
// What `rankwise denoise` is asked for.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "jobs/als/als_settings.hpp"
#include "kernels/base/types.hpp"
#include "kernels/ranking/ranking_metrics.hpp"

namespace boost::program_options {
class options_description;
}

namespace rankwise {

/// What becomes of interactions that are found implausible.
enum class NoiseAction { drop, weight };

struct DenoiseOptions {
  std::string data;
  std::string output;      ///< the cleaned dataset
  std::string quarantine;  ///< what was found, as a file
  std::string report;      ///< empty: none
  std::string work;        ///< folder of models; empty: beside the output, and removed at the end
  std::string truth;       ///< known wrong interactions; empty: none
  std::string metrics;     ///< "auto", or a list as parse_metrics takes it
  Index folds = 5;
  std::optional<double> threshold;
  NoiseAction action = NoiseAction::drop;
  std::optional<double> weight;  ///< of action weight
  int deflate_level = 0;
  std::shared_ptr<AlsOptions> training = std::make_shared<AlsOptions>();

  /// Whether values are ratings that are predicted; else an interaction's item is ranked.
  [[nodiscard]] bool rates() const { return training->objective.loss == LossKind::explicit_feedback; }
  /// In robust deviations, or as a percentile.
  [[nodiscard]] double resolved_threshold() const;
  [[nodiscard]] double resolved_weight() const;
};

/// Adds the options; `options` outlives them.
void describe_denoising(boost::program_options::options_description& description, DenoiseOptions& options);

/// Throws Error(usage) if options contradict each other or one of them would have no effect.
void require_sense(const DenoiseOptions& options);

/// By which the two datasets are compared; the first one decides. Throws Error(usage) as parse_metrics, and if the
/// objective does not have one of them or the first is none of accuracy.
[[nodiscard]] std::vector<EvaluationMetric> compared_metrics(const DenoiseOptions& options);

}  // namespace rankwise
