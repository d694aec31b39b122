#include "distributed/als.hpp"

#include <algorithm>
#include <limits>
#include <omp.h>
#include <vector>

#include "distributed/heavy_rows.hpp"
#include "distributed/order_free_sum.hpp"
#include "distributed/row_schedule.hpp"
#include "kernels/eigenbasis.hpp"
#include "kernels/rotate_rows.hpp"
#include "kernels/solve_rows.hpp"

namespace rankwise {

namespace {

double order_free_total(const Communicator& comm, const std::vector<kernels::RowLoss>& losses,
                        double kernels::RowLoss::*part) {
  std::vector<double> terms(losses.size());
  std::ranges::transform(losses, terms.begin(), [part](const kernels::RowLoss& loss) { return loss.*part; });
  return order_free_sum(comm, terms);
}

/// Gives `buffer` the size that is wanted, where it has not got it yet.
MatrixView sized(Matrix& buffer, Index rows, Index columns) {
  if (buffer.rows() != rows || buffer.columns() != columns) buffer = Matrix(rows, columns);
  return buffer.view();
}

/// Calls body(first, count) for each chunk of `rows` rows, in parallel.
template <class Body>
void for_each_row_chunk(Index rows, const Body& body) {
#pragma omp parallel for schedule(static)
  for (Index first = 0; first < rows; first += chunk_rows) body(first, std::min(chunk_rows, rows - first));
}

/// The gathered rows of `side` in the basis, beside them as they were or in their place.
MatrixView rotate_beside(ConstMatrixView basis, AlsSide& side) {
  const MatrixView gathered = side.gathered.view();
  const MatrixView rotated = sized(side.rotated, gathered.rows, gathered.columns);
  for_each_row_chunk(gathered.rows, [&](Index first, Index count) {
    kernels::rotate_rows(gathered.middle_rows(first, count), basis, rotated.middle_rows(first, count));
  });
  return rotated;
}
void rotate_in_place(ConstMatrixView basis, AlsSide& side) {
  const MatrixView gathered = side.gathered.view();
  for_each_row_chunk(gathered.rows, [&](Index first, Index count) {
    Matrix rotated(count, gathered.columns);
    kernels::rotate_rows(gathered.middle_rows(first, count), basis, rotated.view());
    std::copy_n(rotated.row(0), count * gathered.stride, gathered.row(first));
  });
}

/// What a half-sweep's kernels need of the gathered rows: for conjugate gradients those rows in the eigenbasis of the
/// other side's Gramian, for exact solutions also as they are. Every rank decomposes the same Gramian to the same bits.
kernels::RowSystem make_row_system(const Objective& objective, const SolverPlan& plan, ConstMatrixView gramian,
                                   AlsSide& side, kernels::Eigenbasis& basis) {
  const auto* exact = std::get_if<kernels::ExactRows>(&plan);
  const bool gradients = std::holds_alternative<kernels::ConjugateGradients>(plan);
  kernels::RowSystem system{objective, side.gathered.view(), gramian, side.opposite_rows};
  if (exact != nullptr) system.dual = {exact->longest_dual_row, side.gathered.view()};
  if (gramian.rows == 0 || !(gradients || system.dual.longest_row > 0)) return system;
  basis = kernels::eigenbasis(gramian, side.gathered.columns());
  system.basis = {basis.values.data(), basis.vectors.view(), basis.transposed.view()};
  if (gradients) {
    rotate_in_place(basis.vectors.view(), side);
  } else {
    system.dual.rotated = rotate_beside(basis.vectors.view(), side);
  }
  return system;
}

double gramian_flops(Index rows, Index width) {
  return static_cast<double>(rows) * static_cast<double>(width) * static_cast<double>(width + 1);
}

}  // namespace

AlsFactors with_gramian(const Communicator& comm, const Objective& objective, FactorMatrix factors) {
  AlsFactors result{std::move(factors), Matrix()};
  if (objective.loss == LossKind::implicit_feedback) {
    result.gramian = scaled_gramian(comm, result.factors, objective.unobserved_weight);
  }
  return result;
}

HalfSweep half_sweep(const Communicator& comm, const Objective& objective, const SolverPlan& plan, AlsSide& side,
                     const AlsFactors& other, AlsFactors& mine) {
  const Index width = other.factors.local.columns();
  const CsrBlock& block = side.block;
  const Index rows = block.rows();
  HalfSweep sweep;

  // 1. Gather each needed row of the other side once.
  const MatrixView gathered = sized(side.gathered, side.plan.needed_rows(), width);
  side.plan.start(comm, other.factors.local.view(), gathered).wait();
  sweep.bytes_sent = side.plan.sent_rows() * gathered.stride * static_cast<Index>(sizeof(float));

  // 2. Solve this rank's rows: heavy ones by the whole team of threads, the others in batches.
  kernels::Eigenbasis basis;
  const kernels::RowSystem system = make_row_system(objective, plan, other.gramian.view(), side, basis);
  const MatrixView solution = mine.factors.local.view();
  std::vector<kernels::RowLoss> losses(static_cast<std::size_t>(rows));
  HeavyRowTeam team(plan, block, width, omp_get_max_threads());
  const std::vector<RowRange> batches = batch_rows(block, kernels::longest_batch_row(plan, width));
  constexpr Index none = std::numeric_limits<Index>::max();
  Index failed_row = none;
#pragma omp parallel reduction(min : failed_row)
  {
    const auto note_failure = [&failed_row](Index row) {
      if (row >= 0) failed_row = std::min(failed_row, row);
    };
    kernels::RowWorkspace workspace(width);
    note_failure(team.solve(system, block, workspace, solution, losses));
#pragma omp for schedule(dynamic)
    for (const RowRange& batch : batches) {
      note_failure(kernels::solve_rows(plan, system, block, batch, workspace, solution, losses));
    }
#pragma omp critical(rankwise_tally)
    sweep.tally += workspace.tally;
  }
  if (failed_row != none) failed_row += side.partition.range(comm.rank()).begin;
  failed_row = comm.min(failed_row);
  if (failed_row != none) {
    sweep.failed_row = failed_row;
    return sweep;
  }

  // 3. What the other side and the loss need of the new rows.
  mine = with_gramian(comm, objective, std::move(mine.factors));
  sweep.observed = order_free_total(comm, losses, &kernels::RowLoss::observed);
  sweep.observed_squares = order_free_total(comm, losses, &kernels::RowLoss::observed_squares);
  sweep.regularizer = order_free_total(comm, losses, &kernels::RowLoss::regularizer);

  for (Index r = 0; r < rows; ++r) sweep.flops += kernels::solve_row_flops(block.row_size(r), width);
  if (objective.loss == LossKind::implicit_feedback) sweep.flops += gramian_flops(rows, width);
  return sweep;
}

double unobserved_loss(const Objective& objective, const HalfSweep& last, const AlsFactors& users,
                       const AlsFactors& items) {
  if (objective.loss == LossKind::explicit_feedback || objective.unobserved_weight == 0) return 0;
  // Both Gramians carry alpha0, so their product carries it twice.
  const double all_pairs =
      symmetric_inner_product(users.gramian.view(), items.gramian.view(), users.factors.local.columns()) /
      objective.unobserved_weight;
  return all_pairs - static_cast<double>(objective.weight_shift()) * last.observed_squares;
}

}  // namespace rankwise
