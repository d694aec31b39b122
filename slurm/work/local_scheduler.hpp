#pragma once
// Runs items on this machine, several at a time, within given cores and memory.

#include <memory>

#include "slurm/work/scheduler.hpp"

namespace rankwise::slurm {

/// What running items may use together.
struct LocalLimits {
  std::int64_t cores = 1;
  std::int64_t memory_bytes = 0;  ///< 0: not limited
};

/// Items of one task run alone, others under mpirun, each in a process group of its own. They advance only inside
/// states() and wait(), and end with the scheduler: its destructor, stop() or the death of its process.
/// A run that reaches its time limit is told to write a checkpoint before it, and ended at it.
class LocalScheduler final : public Scheduler {
 public:
  /// Makes the folder where it is missing; throws Error(cannot_create).
  LocalScheduler(std::string folder, LocalLimits limits);
  ~LocalScheduler() override;

  /// Waits for processes that outlived the scheduler that started them, of this folder and on this machine: they have
  /// got SIGTERM and write their checkpoints, whose folders they hold meanwhile.
  void settle() override;
  /// Throws Error(usage) too where an item needs more than the limits.
  void submit(const Submission& submission) override;
  [[nodiscard]] std::vector<ItemState> states() override;
  void cancel(std::span<const std::string> items) override;
  void wait(double seconds) override;
  [[nodiscard]] bool outlives_process() const override { return false; }

  /// Starts nothing more, asks what runs to write its checkpoint (SIGUSR2), and ends by force what does not
  /// within `seconds`. Items that were not done are lost.
  void stop(double seconds);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rankwise::slurm
