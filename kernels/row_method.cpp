#include "kernels/row_method.hpp"

#include <chrono>

namespace rankwise::kernels {

namespace {

/// A batch of rows, and what is to be done with it by any method.
struct Batch {
  const RowSystem& system;
  const CsrBlock& block;
  RowRange rows;
  RowWorkspace& workspace;
  MatrixView solution;
  std::span<RowLoss> losses;

  Index operator()(const ExactRows& /*exact*/) const {
    return solve_rows(system, block, rows, workspace, solution, losses);
  }
  template <class Iterative>
  Index operator()(const Iterative& method) const {
    const auto begin = std::chrono::steady_clock::now();
    const Index failed = improve_rows(system, block, rows, method, workspace, solution, losses);
    workspace.tally.iterative_rows += rows.size();
    workspace.tally.iterative_seconds +=
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    return failed;
  }
};

}  // namespace

Index solve_rows(const RowMethod& method, const RowSystem& system, const CsrBlock& block, RowRange rows,
                 RowWorkspace& workspace, MatrixView solution, std::span<RowLoss> losses) {
  return std::visit(Batch{system, block, rows, workspace, solution, losses}, method);
}

}  // namespace rankwise::kernels
