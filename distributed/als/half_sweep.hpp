#pragma once
// Alternating least squares over ranks: one half-sweep, and the loss that it leaves.

#include <functional>

#include "distributed/als/factor_matrix.hpp"
#include "distributed/als/solver_plan.hpp"
#include "distributed/als/training_side.hpp"
#include "distributed/comm/communicator.hpp"
#include "kernels/als/objective.hpp"
#include "kernels/als/row_workspace.hpp"

namespace rankwise {

/// A side's factors with what the other side's half-sweep needs of them as a whole.
struct AlsFactors {
  FactorMatrix factors;
  Matrix gramian;  ///< alpha0 * X^T X, padded square; empty under the explicit loss
  /// What each of this rank's rows is regularized towards when it is solved, as wide as the factors; empty stands for
  /// zero. Only kernels::ExactRows without the dual know it.
  Matrix prior = {};
};

/// Wraps factors and computes their Gramian where `objective` has an unobserved part. Collective over comm.
[[nodiscard]] AlsFactors with_gramian(const Communicator& comm, const Objective& objective, FactorMatrix factors);

/// What a half-sweep lets happen in its course, by the thread that calls MPI.
struct SweepHooks {
  std::function<void()> meanwhile = [] {};  ///< again and again while rows are solved; never waits
  /// Between batches; collective, the same on every rank. Throws nothing, as sums of shared rows are on their way.
  std::function<bool()> goes_on = [] { return true; };
};

/// What a half-sweep did. Losses are over all ranks and the same on each; counts are this rank's own.
struct HalfSweep {
  bool was_stopped = false;  ///< by SweepHooks::goes_on: some rows are new, others old; the rest is then undefined
  Index failed_row = -1;     ///< lowest global row without a finite solution, on every rank; the rest is then undefined
  double observed = 0;       ///< sum over entries of c (1 - p)^2 or (r - prediction)^2 at the new solution
  double observed_squares = 0;  ///< sum over entries of p^2
  double regularizer = 0;       ///< this side's
  double flops = 0;             ///< primal-equivalent: what normal equations would count
  kernels::SolveTally tally;
  Index bytes_sent = 0;
};

/// Solves or improves every row of `mine` as `plan` says, the other side being fixed (DESIGN "ALS"). The same bits for
/// any number of ranks and threads, and any cut into batches. `next`, where it is given, is the other side, whose
/// half-sweep is the next call: where both sides are whole, it gets the new rows while the others are solved. If there
/// is no next call, the caller completes what is on its way to either side (TrainingSide::complete), also after this
/// was stopped, has failed or has thrown. Collective over comm.
HalfSweep half_sweep(const Communicator& comm, const Objective& objective, const SolverPlan& plan, TrainingSide& side,
                     const AlsFactors& other, AlsFactors& mine, TrainingSide* next = nullptr,
                     const SweepHooks& hooks = {});

/// alpha0 * sum of p^2 over the pairs that count as unobserved, after `last`, the epoch's second half-sweep.
[[nodiscard]] double unobserved_loss(const Objective& objective, const HalfSweep& last, const AlsFactors& users,
                                     const AlsFactors& items);

}  // namespace rankwise
