#pragma once
// The report of `scale` for other programs (docs/FORMATS.md).

#include <span>
#include <string>

#include "distributed/planning/epoch_model.hpp"
#include "distributed/synthetic/shape.hpp"
#include "jobs/scale/figures.hpp"

namespace rankwise {

/// What all runs share.
struct ScaleSetting {
  const ScaleOptions& options;
  const SyntheticShape& shape;  ///< of growth 1
  MachineRatio ratio;
  std::string version;
  std::string configuration;
};

[[nodiscard]] std::string scale_json(const ScaleSetting& setting, std::span<const ScaleRun> runs);

/// A header and a line per run.
[[nodiscard]] std::string scale_csv(std::span<const ScaleRun> runs);

}  // namespace rankwise
