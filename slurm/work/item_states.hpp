#pragma once
// From records and what the queue says to the state of every item: pure, the same for both schedulers.

#include <functional>
#include <string>
#include <vector>

#include "slurm/work/attempts.hpp"
#include "slurm/work/scheduler.hpp"
#include "slurm/work/submission_records.hpp"

namespace rankwise::slurm {

/// What is known of one task of a job beside its records.
struct TaskInQueue {
  enum class Place {
    absent,     ///< it is not, or no longer, in the queue
    waiting,    ///< it will run, or run again
    running,    ///< or beginning or ending
    succeeded,  ///< it has ended, with all of its items done
    ended,      ///< it has ended otherwise: `reason`
    unknown     ///< the queue cannot be asked: `reason`
  };
  Place place = Place::absent;
  std::string id;
  std::string reason;
};

/// Looks a task of a job up.
using QueueLookup = std::function<TaskInQueue(const Job& job, std::size_t task)>;
/// Runs of an item.
using AttemptsLookup = std::function<std::vector<Attempt>(const std::string& item)>;

/// Whether an item is over in this job, by its runs: its last one ended by itself and not with 75.
[[nodiscard]] bool is_over(const Job& job, const std::vector<Attempt>& attempts);

/// State of the item in a task that is known so, by the runs that the item had in any job.
[[nodiscard]] ItemState item_state(const std::string& item, const Job& job, const TaskInQueue& task,
                                   const std::vector<Attempt>& attempts);

/// Of every item of all jobs: the last job that was not refused decides, in the order in which items first came. The
/// queue must have been asked before attempts are read, so that an item which ends in between is done, not lost.
[[nodiscard]] std::vector<ItemState> item_states(const std::vector<Job>& jobs, const QueueLookup& queue,
                                                 const AttemptsLookup& attempts);

}  // namespace rankwise::slurm
