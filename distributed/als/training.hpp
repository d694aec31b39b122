#pragma once
// The training loop: users from items, items from users, epoch after epoch; and what is on its way meanwhile.

#include <memory>

#include "distributed/als/half_sweep.hpp"
#include "distributed/als/solver_plan.hpp"
#include "distributed/als/training_progress.hpp"
#include "distributed/als/training_side.hpp"
#include "distributed/features/factor_regression.hpp"
#include "kernels/als/objective.hpp"

namespace rankwise {

/// What half-sweeps over one side need, and what they leave.
struct TrainedSide {
  SolverPlan solver;
  TrainingSide side;
  AlsFactors factors;
  /// From the features of the side's rows to their factors; null without features. The solver is then primal.
  std::shared_ptr<const FactorRegression> regression = nullptr;
};

/// Whether the last epoch sends its items on their way too, of which no use is made: all epochs are then alike.
enum class LastItems { stay, travel };

/// A training under way.
struct AlsTraining {
  Objective objective;
  SolverOptions solver;
  Index epochs = 0;  ///< at most, those of `progress` among them
  LastItems last_items = LastItems::stay;
  TrainedSide users;
  TrainedSide items;
  TrainingProgress progress = {};

  /// The side that the next half-sweep solves.
  [[nodiscard]] const TrainedSide& next() const { return progress.solved == SolvedSide::items ? users : items; }
};

/// One half-sweep of a training: the arguments of half_sweep().
struct HalfSweepTask {
  SolvedSide solves;
  Index epoch;  ///< from 1
  TrainedSide& mine;
  const TrainedSide& other;
  TrainingSide* next;  ///< gets the new rows while the others are solved; null if no half-sweep follows
};

/// The job that drives a training. Every member is collective over the ranks of the training; one that throws
/// AgreedError ends it.
class TrainingDriver {
 public:
  virtual ~TrainingDriver() = default;

  /// Before the first half-sweep of this run.
  virtual void begin(const AlsTraining& training);
  /// Whether to stop before all epochs are done.
  [[nodiscard]] virtual bool is_over(const AlsTraining& training);
  /// Before an epoch (from 1), or what a resumed training has left of it.
  virtual void begin_epoch(const AlsTraining& training, Index epoch);
  /// What accompanies a half-sweep, such as a clock: made before it, destroyed after it, also by an error.
  [[nodiscard]] virtual std::shared_ptr<void> accompany(const HalfSweepTask& task);
  /// What a half-sweep lets happen in its course.
  [[nodiscard]] virtual SweepHooks hooks();
  /// After a half-sweep; throws if it was stopped or has failed at a row.
  virtual void end_sweep(const HalfSweepTask& task, const HalfSweep& done) = 0;
  /// After an epoch of so many seconds, `loss` being the last of the history, into which the driver may enter the
  /// metric of what is held out.
  virtual void end_epoch(const AlsTraining& training, EpochLoss& loss, double seconds);
  /// Between half-sweeps, and after the last one; `seconds` since the one before began, all that is listed above
  /// included.
  virtual void pause(const AlsTraining& training, double seconds);
  /// After the last epoch.
  virtual void finish();
  /// In place of finish() if the training ends with an error: completes what the driver has on its way. Throws nothing.
  virtual void abandon();
};

/// Trains until all epochs are done or the driver has enough. Rows of a side with features are regularized towards a
/// linear map of these, which is solved anew from the side's factors before each of its half-sweeps, but for the first
/// epoch's, where it is zero: a pure function of the factors, so that a resumed training has it, too. The loss after
/// each epoch must be finite, and no higher than the one before under an exact solver. However this ends, rows on their
/// way to either side are complete, so that sides and factors may be destroyed. Collective over comm, the ranks of the
/// sides; throws the driver's AgreedError, or its own (bad_data, internal).
void train(const Communicator& comm, AlsTraining& training, TrainingDriver& driver);

}  // namespace rankwise
