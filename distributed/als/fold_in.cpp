#include "distributed/als/fold_in.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <utility>
#include <vector>

namespace rankwise {

namespace {

/// The same on every rank.
void require_finite(const Matrix& gramian) {
  for (Index r = 0; r < gramian.rows(); ++r) {
    if (std::ranges::all_of(gramian.view().row_span(r), [](float value) { return std::isfinite(value); })) continue;
    throw AgreedError(ExitCode::bad_data,
                      "item factors are so large that their products are beyond the range of 32-bit floating point");
  }
}

}  // namespace

Matrix fold_in(const Communicator& comm, const Objective& objective, const Partition& rows, const SparseRows& seen,
               const AlsFactors& other, const char* name, Gathering gathering, const SolverOptions& solver,
               Matrix prior) {
  require_finite(other.gramian);
  const Partition& other_rows = other.factors.partition;
  const Index width = other.factors.local.columns();
  TrainingSide side = make_training_side(comm, objective, rows, other_rows, {seen.offsets, seen.columns, seen.values},
                                         {}, std::move(gathering));
  AlsFactors solved{{rows, Matrix(seen.rows.size(), width)}, Matrix(), std::move(prior)};
  std::vector<Index> sizes(seen.offsets.begin() + 1, seen.offsets.end());
  for (std::size_t r = 0; r < sizes.size(); ++r) sizes[r] -= seen.offsets[r];
  const SolverPlan plan = plan_solver(comm, solver, objective, width, other_rows.rows(), sizes);
  const HalfSweep sweep = half_sweep(comm, objective, plan, side, other, solved);
  if (sweep.failed_row >= 0) {
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("{} {}: its normal equations have no finite solution", name, sweep.failed_row));
  }
  return std::move(solved.factors.local);
}

}  // namespace rankwise
