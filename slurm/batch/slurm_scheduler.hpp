#pragma once
// Runs items as Slurm job arrays.

#include <memory>

#include "slurm/work/scheduler.hpp"

namespace rankwise::slurm {

/// Every chunk of a submission (as many jobs as an array may have) is one readable script in the folder and one array
/// in the queue, under a name of its own by which it is found again, whatever happened to this process or the
/// controller between the submission and its answer. Jobs run their items under `srun --mpi=pmix`; a job with an item
/// that ended with 75, and a job whose node failed or that was preempted, goes back into the queue and runs what is not
/// over.
/// A job whose sbatch ended without an answer ("Socket timed out") is looked for by its name for late_answer_seconds
/// before it counts as lost, and once more before its items are submitted again. Where it comes even later, its script
/// finds in the folder that its items are another job's, and ends.
class SlurmScheduler final : public Scheduler {
 public:
  static constexpr double late_answer_seconds = 60;

  /// Makes the folder where it is missing; throws Error(cannot_create). Asks Slurm nothing yet.
  explicit SlurmScheduler(const std::string& folder, double patience_seconds = late_answer_seconds);
  ~SlurmScheduler() override;

  void settle() override;
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
