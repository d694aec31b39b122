#pragma once
// What `plan` would say of a run that is about to be measured.

#include <optional>

#include "distributed/synthetic/matrix.hpp"
#include "jobs/planning/layout_figures.hpp"
#include "jobs/scale/scale_settings.hpp"

namespace rankwise {

class RunPredictor {
 public:
  /// Made at the job's start: what the process holds now is what it holds without data.
  RunPredictor(const ScaleOptions& options, JobContext& context);

  /// The layout of the matrix on the ranks of `comm`, by `plan`'s own means. The root counts and, the first time,
  /// measures its core while the other ranks sleep; it holds 8 bytes per user and item, and the columns of some million
  /// interactions at a time. The figures are the root's alone. Collective over comm.
  [[nodiscard]] LayoutFigures predict(const Communicator& comm, const SyntheticMatrix& matrix);

  [[nodiscard]] const MachineRatio& ratio() const { return *ratio_; }

 private:
  PlanOptions options_;
  int threads_;
  double base_memory_bytes_;
  Report& report_;
  std::optional<MachineRatio> ratio_;
};

}  // namespace rankwise
