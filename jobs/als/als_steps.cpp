#include "jobs/als/als_steps.hpp"

#include <cmath>
#include <fmt/format.h>
#include <limits>

namespace rankwise {

namespace {

/// How far an exact solver's loss may rise by float rounding once it has converged.
constexpr double rounding_tolerance = 1e-5;
/// And where each side meets the other's rows with 8 bits of precision.
constexpr double bfloat16_tolerance = 2e-3;

}  // namespace

EpochLoss epoch_loss(const Objective& objective, double user_regularizer, const HalfSweep& of_items,
                     const AlsFactors& users, const AlsFactors& items) {
  return {of_items.observed, unobserved_loss(objective, of_items, users, items),
          user_regularizer + of_items.regularizer};
}

void require_sound_loss(const EpochLoss& loss, std::span<const EpochLoss> history, const SolverOptions& solver,
                        AlsSide& next) {
  const double previous = history.empty() ? std::numeric_limits<double>::infinity() : history.back().total();
  const double tolerance = next.format == RowFormat::bfloat16 ? bfloat16_tolerance : rounding_tolerance;
  const bool has_risen = solver.is_exact() && loss.total() > previous * (1 + tolerance);
  if (std::isfinite(loss.total()) && !has_risen) return;
  if (next.incoming) next.incoming->wait();
  const std::size_t epoch = history.size() + 1;
  if (!std::isfinite(loss.total())) {
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("epoch {}: the loss is beyond the range of 64-bit floating point; expected smaller "
                                  "values or a larger --regularization",
                                  epoch));
  }
  throw AgreedError(ExitCode::internal,
                    fmt::format("epoch {}: the loss rose from {:.9e} to {:.9e}; expected an exact solver to lower it",
                                epoch, previous, loss.total()));
}

}  // namespace rankwise
