#pragma once
// Runs items as Slurm job arrays.

#include <memory>

#include "slurm/scheduler.hpp"

namespace rankwise::slurm {

/// Every chunk of a submission (as many jobs as an array may have) is one readable script in the folder and one array
/// in the queue, under a name of its own by which it is found again, whatever happened to this process or the
/// controller between the submission and its answer. Jobs run their items under `srun --mpi=pmix`; a job with an item
/// that ended with 75, and a job whose node failed or that was preempted, goes back into the queue and runs what is not
/// over.
class SlurmScheduler final : public Scheduler {
 public:
  /// Makes the folder where it is missing; throws Error(cannot_create). Asks Slurm nothing yet.
  explicit SlurmScheduler(const std::string& folder);
  ~SlurmScheduler() override;

  void submit(const Submission& submission) override;
  [[nodiscard]] std::vector<ItemState> states() override;
  void cancel(std::span<const std::string> items) override;
  void wait(double seconds) override;
  [[nodiscard]] bool outlives_process() const override { return true; }

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rankwise::slurm
