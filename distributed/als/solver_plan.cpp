#include "distributed/als/solver_plan.hpp"

#include "kernels/cost/solver_rates.hpp"

namespace rankwise {

namespace {

/// The automatic choice of ExactRows::longest_dual_row.
Index worthwhile_dual_row(const Objective& objective, std::span<const Index> rows_by_size, Index opposite_rows,
                          Index width) {
  const Index longest = kernels::longest_dual_row(width);
  if (objective.loss == LossKind::explicit_feedback) return longest;  // no base, no rotation
  double saved_seconds = 0;
  for (Index size = 1; size <= longest; ++size) {
    const auto rows = static_cast<double>(rows_by_size[static_cast<std::size_t>(size)]);
    saved_seconds += rows * (kernels::primal_row_seconds(size, width) - kernels::dual_row_seconds(size, width));
  }
  const double rotation_seconds =
      kernels::eigenbasis_seconds(width) + static_cast<double>(opposite_rows) * kernels::rotation_seconds(width);
  return saved_seconds > rotation_seconds ? longest : 0;
}

}  // namespace

std::vector<Index> rows_by_size(std::span<const Index> row_sizes) {
  std::vector<Index> counts(static_cast<std::size_t>(longest_counted_row) + 1);
  for (const Index size : row_sizes) {
    if (size <= longest_counted_row) ++counts[static_cast<std::size_t>(size)];
  }
  return counts;
}

SolverPlan plan_solver(const SolverOptions& options, const Objective& objective, std::span<const Index> rows_by_size,
                       Index opposite_rows, Index width) {
  switch (options.choice) {
    case SolverChoice::automatic:
      return kernels::ExactRows{worthwhile_dual_row(objective, rows_by_size, opposite_rows, width)};
    case SolverChoice::primal:
      return kernels::ExactRows{0};
    case SolverChoice::dual:
      return kernels::ExactRows{width};
    case SolverChoice::conjugate_gradients:
      return kernels::ConjugateGradients{options.cg_steps};
    case SolverChoice::subspace:
      return kernels::SubspaceBlocks{options.subspace_block};
  }
  return kernels::ExactRows{};
}

SolverPlan plan_solver(const Communicator& comm, const SolverOptions& options, const Objective& objective, Index width,
                       Index opposite_rows, std::span<const Index> row_sizes) {
  std::vector<Index> counts = rows_by_size(row_sizes);
  comm.all_reduce_sum(std::span<Index>(counts));
  return plan_solver(options, objective, counts, opposite_rows, width);
}

}  // namespace rankwise
