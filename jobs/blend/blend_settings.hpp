#pragma once
// What `rankwise sweep blend` is asked for.

#include <optional>
#include <string>

#include "distributed/ranking/catalogue.hpp"
#include "jobs/options/model_choice.hpp"
#include "kernels/base/types.hpp"
#include "kernels/ranking/ranking_metrics.hpp"

namespace boost::program_options {
class options_description;
}

namespace rankwise {

struct BlendSweepOptions {
  std::string data;
  ModelChoice models;  ///< without weights
  EvaluationMetric metric;
  std::optional<double> step;  ///< between weights; nothing: as suits the number of models
  SeenItems seen = SeenItems::exclude;
  std::string output;

  /// From a weight of 0 to a weight of 1. Throws Error(usage) for a step that does not divide 1.
  [[nodiscard]] Index steps() const;
};

/// Adds the options; `options` outlives them.
void describe_blend_sweep(boost::program_options::options_description& description, BlendSweepOptions& options);

/// Throws Error(usage) if options contradict each other.
void require_sense(const BlendSweepOptions& options);

}  // namespace rankwise
