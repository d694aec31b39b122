#include "jobs/als_steps.hpp"

#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <vector>

#include "distributed/order_free_sum.hpp"

namespace rankwise {

namespace {

/// How far an exact solver's loss may rise by float rounding once it has converged.
constexpr double rounding_tolerance = 1e-5;

}  // namespace

bool is_exact(SolverChoice choice) {
  return choice != SolverChoice::conjugate_gradients && choice != SolverChoice::subspace;
}

double mean_rating(const Communicator& comm, const SparseRows& rows) {
  std::vector<double> row_sums;
  for (std::size_t r = 0; r + 1 < rows.offsets.size(); ++r) {
    double sum = 0;
    for (Index e = rows.offsets[r]; e < rows.offsets[r + 1]; ++e)
      sum += static_cast<double>(rows.values[static_cast<std::size_t>(e)]);
    row_sums.push_back(sum);
  }
  const double sum = order_free_sum(comm, row_sums);
  const Index count = comm.sum(rows.entries());
  return count > 0 ? sum / static_cast<double>(count) : 0.0;
}

EpochLoss epoch_loss(const Objective& objective, const HalfSweep& of_users, const HalfSweep& of_items,
                     const AlsFactors& users, const AlsFactors& items) {
  return {of_items.observed, unobserved_loss(objective, of_items, users, items),
          of_users.regularizer + of_items.regularizer};
}

void require_sound_loss(const EpochLoss& loss, std::span<const EpochLoss> history, SolverChoice choice, AlsSide& next) {
  const double previous = history.empty() ? std::numeric_limits<double>::infinity() : history.back().total();
  const bool has_risen = is_exact(choice) && loss.total() > previous * (1 + rounding_tolerance);
  if (std::isfinite(loss.total()) && !has_risen) return;
  if (next.incoming) next.incoming->wait();
  const std::size_t epoch = history.size() + 1;
  if (!std::isfinite(loss.total())) {
    throw AgreedError(ExitCode::internal,
                      fmt::format("epoch {}: the loss is {}; expected a finite number", epoch, loss.total()));
  }
  throw AgreedError(ExitCode::internal,
                    fmt::format("epoch {}: the loss rose from {:.9e} to {:.9e}; expected an exact solver to lower it",
                                epoch, previous, loss.total()));
}

}  // namespace rankwise
