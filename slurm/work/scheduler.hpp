#pragma once
// One interface for work that outlasts a command: this machine (local_scheduler.hpp) or Slurm
// (slurm/batch/slurm_scheduler.hpp).

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "kernels/base/error.hpp"

namespace rankwise::slurm {

/// What one item of work needs while it runs.
struct Resources {
  std::int64_t nodes = 1;
  std::int64_t tasks = 1;  ///< MPI ranks, over all nodes
  std::int64_t cpus_per_task = 1;
  std::int64_t memory_bytes_per_node = 0;  ///< 0: not stated
  std::int64_t time_limit_seconds = 0;     ///< of one run of one item; 0: not stated
};

/// A program that runs once: exit code 75 says that it stopped early after a checkpoint and is to run again, to go on.
struct WorkItem {
  std::string name;                  ///< names its files: letters, digits, "_", "-" and "."; stable over submissions
  std::vector<std::string> command;  ///< program and arguments, unquoted; the scheduler starts the ranks
};

/// Another submission that has to come first.
struct Dependency {
  enum class On {
    ended,     ///< however its items ended
    succeeded  ///< all of its items with 0, else this submission never starts and its items are lost
  };
  std::string submission;
  On on = On::ended;
};

/// What only a batch system understands; the local scheduler has no use for it.
struct BatchRequest {
  std::string partition;  ///< these four: empty for the cluster's default
  std::string account;
  std::string qos;
  std::string constraint;
  std::vector<std::string> extra_lines;     ///< further #SBATCH options as they stand there: "--licenses=tape:1"
  std::int64_t jobs_at_once = 0;            ///< at most so many jobs of a chunk run together; 0: as the cluster likes
  std::int64_t items_per_job = 1;           ///< small items share a job, one after the other
  std::int64_t items_at_once = 1;           ///< of those, so many side by side, each with its own resources
  std::int64_t job_time_limit_seconds = 0;  ///< of a job; 0: enough for the limits of its items, one after the other
};

/// Items that share their resources.
struct Submission {
  std::string name;  ///< as an item's; unique for ever (job names derive from it: make it so on the whole cluster)
  std::vector<WorkItem> items;
  Resources resources;
  std::int64_t signal_seconds = 120;  ///< SIGUSR2 comes so long before the time limit: write a checkpoint, end with 75
  std::vector<Dependency> after;
  BatchRequest batch;
};

enum class ItemPhase {
  waiting,  ///< in the queue, or between two runs
  running,
  done,    ///< ended with 0
  failed,  ///< ended with another code, or by a signal of its own
  lost,    ///< neither ended nor in the queue: cancelled, out of time, its node or the queue died; or never accepted
  unknown  ///< the batch system did not answer
};

struct ItemState {
  std::string name;
  std::string submission;  ///< the last one that holds it
  ItemPhase phase = ItemPhase::waiting;
  std::optional<int> exit_code;  ///< of its last run, once that has ended; 128 + n for signal n
  std::string reason;            ///< one line: why it waits, failed or was lost; may be empty
  std::string job_id;            ///< process or Slurm job ("17_3") that ran it last or will run it; may be empty
};

/// A submission that the scheduler does not take as it is asked for; none of the job that it would have become is left.
class Refused : public Error {
 public:
  using Error::Error;
};

/// The scheduler of one folder, which holds all there is to know about its submissions, so that a later process can ask
/// on:
///   submissions           every submission's jobs, appended to
///   <job>.sbatch          what was handed to Slurm; `sbatch <job>.sbatch` runs it again
///   <job>.items           which item is in which task of the job's array
///   logs/<item>.log       standard output and error of all runs of an item
///   logs/<item>.attempts  begin and end of every run (attempts.hpp)
/// One process at a time may call submit() or cancel(); any number states(). Whether an item's work is valid is for the
/// work's own records to say: an exit code 0 can outlive its output.
class Scheduler {
 public:
  /// Takes one line for people.
  using Notice = std::function<void(const std::string&)>;

  virtual ~Scheduler() = default;

  /// Gets a line for everything that is waited for inside submit() and settle().
  void set_notice(Notice notice) { notice_ = std::move(notice); }

  /// Returns once no work of an earlier command is in doubt, for whoever is about to submit: what was handed over and
  /// not answered is in the queue or has been looked for long enough, and processes that outlived their scheduler have
  /// ended. Work that others took over meanwhile is taken out of the queue. Returns too where the batch system does not
  /// answer: states() tells.
  virtual void settle() = 0;

  /// Hands the items over. Throws Error: usage for names that cannot be, cannot_create where the folder cannot be
  /// written; Refused: usage for what can never run, io_error with the batch system's own words; and io_error where it
  /// is not known whether the batch system took it. Chunks accepted before stay in the queue.
  virtual void submit(const Submission& submission) = 0;

  /// Every item of every submission of the folder, in the order in which they first came, by its last submission.
  [[nodiscard]] virtual std::vector<ItemState> states() = 0;

  /// Takes items that wait or run out of the queue; a run gets a signal first and may still write its checkpoint.
  /// Items that share a job go together. Throws Error(io_error) as submit().
  virtual void cancel(std::span<const std::string> items) = 0;

  /// Returns after `seconds`, or earlier when something may have changed.
  virtual void wait(double seconds) = 0;

  /// Whether work goes on when the process ends that submitted it.
  [[nodiscard]] virtual bool outlives_process() const = 0;

 protected:
  void tell(const std::string& line) const {
    if (notice_) notice_(line);
  }

  Scheduler() = default;
  Scheduler(const Scheduler&) = default;
  Scheduler& operator=(const Scheduler&) = default;

 private:
  Notice notice_;
};

}  // namespace rankwise::slurm
