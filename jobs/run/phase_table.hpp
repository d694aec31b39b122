#pragma once
// What the phases of a run cost, over all ranks.

#include <span>
#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// What one rank did in a phase.
struct PhaseCost {
  std::string name;
  Index nanoseconds = 0;
  double flops = 0;
  Index interactions = 0;
};

/// A phase over all ranks.
struct PhaseSummary {
  std::string name;
  double min_seconds = 0;
  double mean_seconds = 0;
  double max_seconds = 0;
  double flops = 0;        ///< of all ranks
  Index interactions = 0;  ///< of all ranks

  /// Longest over mean; 1 is perfect.
  [[nodiscard]] double imbalance() const { return mean_seconds > 0 ? max_seconds / mean_seconds : 1; }
  [[nodiscard]] double gflops() const { return max_seconds > 0 ? flops / max_seconds * 1e-9 : 0; }
  [[nodiscard]] double interactions_per_second() const;
};

/// Every phase that any rank knows, in order of first use; a rank that never entered one counts as 0. Collective over
/// comm.
[[nodiscard]] std::vector<PhaseSummary> summarize_phases(const Communicator& comm, std::span<const PhaseCost> mine);

/// The table for people. `peak_gflops` of all ranks together; 0 where it was not measured.
[[nodiscard]] std::string phase_table(std::span<const PhaseSummary> phases, double peak_gflops);

}  // namespace rankwise
