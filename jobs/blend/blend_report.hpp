#pragma once
// What `sweep blend` has found, and how it is told.

#include <cstdint>
#include <string>
#include <vector>

#include "distributed/evaluation/paired_difference.hpp"
#include "jobs/blend/weight_grid.hpp"
#include "jobs/evaluate/evaluation.hpp"
#include "kernels/base/types.hpp"
#include "kernels/ranking/ranking_metrics.hpp"

namespace rankwise {

/// Weights and what their lists are worth.
struct BlendPoint {
  Weights weights;
  ValueFigures figures;
};

/// The same on every rank.
struct BlendSweep {
  std::string data_file;
  std::uint64_t data_digest = 0;
  std::string part;  ///< by which weights were compared: "validation", or a fold
  std::string seen;
  std::string scores;  ///< how they were normalized
  EvaluationMetric metric;
  std::vector<ModelFacts> models;
  std::vector<std::string> names;  ///< of the models, for people: no two are equal
  double step = 0;
  std::vector<BlendPoint> points;  ///< single models among them
  std::size_t best = 0;            ///< of `points`
  std::size_t best_single = 0;     ///< of `points`: all of the weight on one model
  std::size_t best_blend = 0;      ///< of `points`: several models have a part
  PairedDifference difference;     ///< the best blend less the best single model
  std::vector<std::string> warnings;

  /// Whether the best blend is better for certain: the interval is above 0.
  [[nodiscard]] bool is_better() const;
  /// Places of models that have a part in these weights.
  [[nodiscard]] static std::vector<std::size_t> parts(const Weights& weights);
};

/// "0.65,0.35", without models that have no part.
[[nodiscard]] std::string weights_text(const Weights& weights);

[[nodiscard]] std::string blend_table(const BlendSweep& found);
/// One or two sentences: whether the blend is worth it.
[[nodiscard]] std::string blend_conclusion(const BlendSweep& found);
/// The JSON file (docs/FORMATS.md).
[[nodiscard]] std::string blend_json(const BlendSweep& found);

}  // namespace rankwise
