#include "kernels/cost/row_cost.hpp"

#include "kernels/cost/solver_rates.hpp"

namespace rankwise::kernels {

namespace {

// Counted flops of improve_row_flops over measured seconds, whole half-sweeps at k = 64 and 128 (docs/PERFORMANCE.md).
constexpr double gradient_gflops = 26;
constexpr double subspace_gflops = 40;

struct RowSeconds {
  const Objective& objective;
  Index entries;
  Index width;

  double operator()(const ExactRows& exact) const {
    if (entries > exact.longest_dual_row) return primal_row_seconds(entries, width);
    // Without a base nothing is rotated back.
    const bool rotates = objective.loss == LossKind::implicit_feedback;
    return dual_row_seconds(entries, width) - (rotates ? 0.0 : rotation_seconds(width));
  }
  double operator()(const ConjugateGradients& method) const {
    return improve_row_flops(method, entries, width) * 1e-9 / gradient_gflops;
  }
  double operator()(const SubspaceBlocks& method) const {
    return improve_row_flops(method, entries, width) * 1e-9 / subspace_gflops;
  }
};

}  // namespace

double row_seconds(const RowMethod& method, const Objective& objective, Index entries, Index width) {
  return entries == 0 ? 0.0 : std::visit(RowSeconds{objective, entries, width}, method);
}

}  // namespace rankwise::kernels
