#pragma once
// What runs of `scale` say together. Pure functions of the measurements.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "jobs/scale/run.hpp"

namespace rankwise {

/// One run beside the first of its series.
struct ScaleFigures {
  double epoch_seconds = 0;  ///< median of the measured epochs, all but the first
  double min_epoch_seconds = 0;
  double max_epoch_seconds = 0;
  double efficiency = 1;            ///< strong: n1 T1 / (n T); weak: T1 / T
  double speedup = 1;               ///< efficiency times ranks: beside a first run taken as ideal
  double predicted_efficiency = 1;  ///< the same of predicted seconds
  double predicted_share = 0;       ///< predicted over measured epoch seconds
  double imbalance = 1;             ///< of both half-sweeps: sums of largest over sums of mean seconds in solvers
  double solver_share = 0;          ///< of the half-sweeps' seconds, those in solvers, mean over ranks
  double bytes_over_least = 1;      ///< sent by all ranks over the lower bound; 1 where nothing has to travel
  double interactions_per_second = 0;
  double gflops = 0;
};

/// Least bytes that an epoch's exchanges can send: each row of another node once per node that needs it, unpadded.
[[nodiscard]] Index lower_bound_bytes(const ScaleRun& run);
/// What `plan` says that an epoch sends.
[[nodiscard]] Index predicted_bytes(const ScaleRun& run);

/// Figures of each run of one series, ascending by ranks; the first is the measure of the others.
[[nodiscard]] std::vector<ScaleFigures> scale_figures(std::span<const ScaleRun> series);

/// The runs of one kind, which stand together.
[[nodiscard]] std::span<const ScaleRun> series_of(std::span<const ScaleRun> runs, ScalingKind scaling);

/// Why two runs of the same matrix are not alike, bit for bit; nothing where they are.
[[nodiscard]] std::optional<std::string> difference_of_losses(std::span<const ScaleRun> runs);

/// The tables on standard output, strong before weak.
[[nodiscard]] std::string scale_table(std::span<const ScaleRun> runs);

}  // namespace rankwise
