#include "kernels/als/row_method.hpp"

#include <limits>

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
    return improve_rows(system, block, rows, method, workspace, solution, losses);
  }
};

struct LongestBatchRow {
  Index width;

  Index operator()(const ExactRows& /*exact*/) const { return part_entries; }
  Index operator()(const ConjugateGradients& /*method*/) const { return longest_row_alone(padded_columns(width)); }
  Index operator()(const SubspaceBlocks& /*method*/) const { return std::numeric_limits<Index>::max(); }
};

}  // namespace

Index longest_batch_row(const RowMethod& method, Index width) {
  return std::visit(LongestBatchRow{width}, method);
}

Index solve_rows(const RowMethod& method, const RowSystem& system, const CsrBlock& block, RowRange rows,
                 RowWorkspace& workspace, MatrixView solution, std::span<RowLoss> losses) {
  return std::visit(Batch{system, block, rows, workspace, solution, losses}, method);
}

}  // namespace rankwise::kernels
