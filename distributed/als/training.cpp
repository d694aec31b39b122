#include "distributed/als/training.hpp"

#include <chrono>
#include <cmath>
#include <exception>
#include <fmt/format.h>
#include <limits>
#include <span>

namespace rankwise {

namespace {

using Clock = std::chrono::steady_clock;

/// How far an exact solver's loss may rise by float rounding once it has converged.
constexpr double rounding_tolerance = 1e-5;
/// And if each side meets the other's rows with 8 bits of precision.
constexpr double bfloat16_tolerance = 2e-3;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// The loss after the epoch whose half-sweep over items this was.
EpochLoss epoch_loss(const AlsTraining& training, const HalfSweep& of_items) {
  return {of_items.observed,
          unobserved_loss(training.objective, of_items, training.users.factors, training.items.factors),
          training.progress.user_regularizer + of_items.regularizer};
}

/// The same on every rank, as losses are.
void require_sound(const EpochLoss& loss, const AlsTraining& training) {
  const std::vector<EpochLoss>& history = training.progress.history;
  const double previous = history.empty() ? std::numeric_limits<double>::infinity() : history.back().total();
  const double tolerance = training.users.side.format == RowFormat::bfloat16 ? bfloat16_tolerance : rounding_tolerance;
  const bool has_risen = training.solver.is_exact() && loss.total() > previous * (1 + tolerance);
  if (std::isfinite(loss.total()) && !has_risen) return;
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

/// Solves the map from features to factors for the side that is solved next, if it has features, and what its rows are
/// regularized towards. Returns what the map adds to the side's regularizer. Collective.
double renew_prior(const Communicator& comm, const HalfSweepTask& task) {
  const FactorRegression* regression = task.mine.regression.get();
  if (regression == nullptr || task.epoch == 1) return 0;
  const Matrix weights = regression->solve(comm, task.mine.factors.factors.local.view());
  task.mine.factors.prior = regression->predict(weights.view());
  return regression->penalty(weights.view());
}

/// The half-sweep that is next, in an epoch.
HalfSweepTask next_task(AlsTraining& training, Index epoch) {
  TrainedSide& users = training.users;
  TrainedSide& items = training.items;
  if (training.progress.solved == SolvedSide::items) return {SolvedSide::users, epoch, users, items, &items.side};
  const bool do_items_travel = epoch < training.epochs || training.last_items == LastItems::travel;
  return {SolvedSide::items, epoch, items, users, do_items_travel ? &users.side : nullptr};
}

}  // namespace

void TrainingDriver::begin(const AlsTraining& /*training*/) {}
bool TrainingDriver::is_over(const AlsTraining& /*training*/) {
  return false;
}
void TrainingDriver::begin_epoch(const AlsTraining& /*training*/, Index /*epoch*/) {}
std::shared_ptr<void> TrainingDriver::accompany(const HalfSweepTask& /*task*/) {
  return nullptr;
}
SweepHooks TrainingDriver::hooks() {
  return {};
}
void TrainingDriver::end_epoch(const AlsTraining& /*training*/, EpochLoss& /*loss*/, double /*seconds*/) {}
void TrainingDriver::pause(const AlsTraining& /*training*/, double /*seconds*/) {}
void TrainingDriver::finish() {}
void TrainingDriver::abandon() {}

void train(const Communicator& comm, AlsTraining& training, TrainingDriver& driver) {
  TrainingProgress& progress = training.progress;
  const auto sweep = [&](const HalfSweepTask& task) {
    const std::shared_ptr<void> company = driver.accompany(task);
    const double penalty = renew_prior(comm, task);
    HalfSweep done = half_sweep(comm, training.objective, task.mine.solver, task.mine.side, task.other.factors,
                                task.mine.factors, task.next, driver.hooks());
    driver.end_sweep(task, done);
    done.regularizer += penalty;
    return done;
  };
  std::exception_ptr failure;
  try {
    driver.begin(training);
    while (progress.epochs() < training.epochs && !driver.is_over(training)) {
      // 1. Users from items, unless a resumed training has them already.
      const Index epoch = progress.epochs() + 1;
      driver.begin_epoch(training, epoch);
      const Clock::time_point epoch_begin = Clock::now();
      if (progress.solved == SolvedSide::items) {
        progress.user_regularizer = sweep(next_task(training, epoch)).regularizer;
        progress.solved = SolvedSide::users;
        driver.pause(training, seconds_since(epoch_begin));
      }
      // 2. Items from users, and the loss that this leaves.
      const Clock::time_point half_begin = Clock::now();
      const HalfSweep of_items = sweep(next_task(training, epoch));
      const EpochLoss loss = epoch_loss(training, of_items);
      const double epoch_seconds = seconds_since(epoch_begin);
      require_sound(loss, training);
      progress.history.push_back(loss);
      progress.solved = SolvedSide::items;
      driver.end_epoch(training, progress.history.back(), epoch_seconds);
      driver.pause(training, seconds_since(half_begin));
    }
    driver.finish();
  } catch (const AgreedError&) {  // all ranks leave the loop together: at its end, or by an error that they agreed on
    failure = std::current_exception();
  }
  // 3. Rows may be on their way to a half-sweep that does not follow, and must not outlive the place that they go to:
  // after an error, if the driver had enough before all epochs were done, or if the last items travel too.
  training.users.side.complete();
  training.items.side.complete();
  if (!failure) return;
  driver.abandon();
  std::rethrow_exception(failure);
}

}  // namespace rankwise
