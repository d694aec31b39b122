#include "distributed/als.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include "distributed/order_free_sum.hpp"
#include "kernels/solve_rows.hpp"

namespace rankwise {

namespace {

/// Rows that a thread takes at a time: few, because one popular item can weigh as much as thousands of rows.
constexpr Index batch_rows = 16;

double order_free_total(const Communicator& comm, const std::vector<kernels::RowLoss>& losses,
                        double kernels::RowLoss::*part) {
  std::vector<double> terms(losses.size());
  std::ranges::transform(losses, terms.begin(), [part](const kernels::RowLoss& loss) { return loss.*part; });
  return order_free_sum(comm, terms);
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

HalfSweep half_sweep(const Communicator& comm, const Objective& objective, const AlsSide& side, const AlsFactors& other,
                     AlsFactors& mine) {
  const Index width = other.factors.local.columns();
  const CsrBlock& block = side.block;
  const Index rows = block.rows();
  HalfSweep sweep;

  // 1. Gather each needed row of the other side once.
  Matrix gathered(side.plan.needed_rows(), width);
  side.plan.start(comm, other.factors.local.view(), gathered.view()).wait();
  sweep.bytes_sent = side.plan.sent_rows() * gathered.stride() * static_cast<Index>(sizeof(float));

  // 2. Solve this rank's rows, each by one thread.
  const kernels::RowSystem system{objective, gathered.view(), other.gramian.view(), side.opposite_rows};
  std::vector<kernels::RowLoss> losses(static_cast<std::size_t>(rows));
  constexpr Index none = std::numeric_limits<Index>::max();
  Index failed_row = none;
#pragma omp parallel reduction(min : failed_row)
  {
    kernels::RowWorkspace workspace(width);
#pragma omp for schedule(dynamic)
    for (Index first = 0; first < rows; first += batch_rows) {
      const RowRange batch{first, std::min(first + batch_rows, rows)};
      const Index failed = kernels::solve_rows(system, block, batch, workspace, mine.factors.local.view(), losses);
      if (failed >= 0) failed_row = std::min(failed_row, failed);
    }
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
