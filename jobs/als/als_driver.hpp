#pragma once
// A training of `als` as it runs: what it reports, validates and writes between half-sweeps.

#include <memory>

#include "distributed/als/training.hpp"
#include "io/dataset/dataset.hpp"
#include "jobs/als/checkpointing.hpp"
#include "jobs/als/validation.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

class AlsDriver final : public TrainingDriver {
 public:
  /// `dataset` has the ids of rows that cannot be solved. All outlive this.
  AlsDriver(JobContext& context, const DatasetReader& dataset, Checkpointing& checkpointing, Validation& validation)
      : context_(context), dataset_(dataset), checkpointing_(checkpointing), validation_(validation) {}

  void begin(const AlsTraining& training) override;
  [[nodiscard]] bool is_over(const AlsTraining& training) override;
  void begin_epoch(const AlsTraining& training, Index epoch) override;
  [[nodiscard]] std::shared_ptr<void> accompany(const HalfSweepTask& task) override;
  [[nodiscard]] SweepHooks hooks() override;
  void end_sweep(const HalfSweepTask& task, const HalfSweep& done) override;
  void end_epoch(const AlsTraining& training, EpochLoss& loss, double seconds) override;
  void pause(const AlsTraining& training, double seconds) override;
  void finish() override;
  void abandon() override;

  /// Which solvers took how many of both sides' rows. Collective.
  void tell_solvers() const;

 private:
  /// What this rank's half-sweeps over a side have done.
  struct SideAccount {
    kernels::SolveTally tally;
    bool is_traffic_told = false;
  };
  void account_for(const HalfSweepTask& task, const HalfSweep& done);

  JobContext& context_;
  const DatasetReader& dataset_;
  Checkpointing& checkpointing_;
  Validation& validation_;
  Index interactions_ = 0;  ///< over all ranks
  SideAccount users_;
  SideAccount items_;
};

}  // namespace rankwise
