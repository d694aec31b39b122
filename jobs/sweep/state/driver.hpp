#pragma once
// Drives a sweep: which tasks are to run now, what became of them, and when it is over. It keeps nothing in memory that
// counts: any later process continues from the directory and the scheduler.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "jobs/sweep/state/scores.hpp"
#include "jobs/sweep/state/settings.hpp"
#include "slurm/work/scheduler.hpp"

namespace rankwise {

enum class TaskPhase {
  done,     ///< its record is there
  running,  ///< as the scheduler has it
  waiting,  ///< in the queue
  open,     ///< to be submitted: never was, or failed or was lost and may be tried again
  failed,   ///< failed too often
  pending   ///< of a rung that is not known yet, or of a trial that did not reach it
};

struct TaskState {
  TaskPhase phase = TaskPhase::pending;
  int failures = 0;      ///< runs that ended with an error, since the last resume
  bool lost = false;     ///< was in the queue, and is no longer, without having ended
  bool unknown = false;  ///< was in the queue, which does not answer: `waiting`, as far as one knows
  std::string reason;    ///< of the scheduler
  std::string job_id;
};

/// All tasks, in the plan's order, and what they amount to.
struct SweepState {
  Records records;
  std::vector<TaskState> tasks;
  bool is_over = false;        ///< every task that is wanted is done or has failed too often
  bool has_follow_up = false;  ///< a job that goes on with the sweep is in the queue, or runs

  [[nodiscard]] Index count(TaskPhase phase) const;
  /// Of tasks that are wanted as far as is known: all but `pending`.
  [[nodiscard]] Index wanted() const;
  /// A task of which the scheduler knows nothing now; null where it answers.
  [[nodiscard]] const TaskState* unanswered() const;
};

/// From records and the scheduler's answers to the state of the sweep.
[[nodiscard]] SweepState sweep_state(const SweepPlan& plan, const std::string& directory, const RunSettings& settings,
                                     slurm::Scheduler& scheduler);

/// Tasks of one program, in the order in which it does them.
using ProgramTasks = std::vector<const SweepTask*>;

/// What a program asks of its scheduler, by the plan's predictions, in steps of a factor of two so that many share a
/// submission.
[[nodiscard]] slurm::Resources program_needs(const SweepPlan& plan, const ProgramTasks& tasks,
                                             const RunSettings& settings);

/// Hands open tasks to the scheduler, those with like needs together; returns the submissions' names.
[[nodiscard]] std::vector<std::string> submit_open(const SweepPlan& plan, const std::string& directory,
                                                   RunSettings& settings, const SweepState& state,
                                                   slurm::Scheduler& scheduler);

/// A name for a submission, unique on the whole cluster, for ever; counts it in the settings, which are to be written
/// before it is used.
[[nodiscard]] std::string next_submission(const SweepPlan& plan, const std::string& directory, RunSettings& settings);

/// Begins the names of items that go on with the sweep.
inline constexpr std::string_view follow_up_prefix = "next-";

/// Begins the names of items that train what was chosen.
inline constexpr std::string_view refit_prefix = "refit-";

/// The training that follows the sweep, under a name that was never used; counts it in the settings.
[[nodiscard]] slurm::Submission refit_submission(const SweepPlan& plan, const std::string& directory,
                                                 RunSettings& settings);

/// Removes checkpoints of trainings that no later rung goes on with.
void remove_finished_work(const SweepPlan& plan, const std::string& directory, const SweepState& state);

/// Runs that ended with an error of the task, or of its program while none of its tasks ran, over its whole life.
[[nodiscard]] int failed_runs(const SweepPlan& plan, const std::string& directory, const SweepTask& task);

/// The last lines of the task's log, or, where it has none, of its program's.
[[nodiscard]] std::vector<std::string> log_tail(const std::string& directory, const SweepTask& task);

}  // namespace rankwise
