#pragma once
// What a scheduler's folder says about its submissions: which jobs they became, and which item is in which.

#include <cstdint>
#include <string>
#include <vector>

#include "slurm/work/scheduler.hpp"

namespace rankwise::slurm {

/// One job array, or one batch of local processes.
struct Job {
  std::string name;  ///< "<submission>-<number>"
  std::string submission;
  std::vector<std::vector<std::string>> tasks;  ///< names of each task's items, in the order in which they run
  std::string id;             ///< of the array in Slurm; "<process>@<host>" locally; empty where no answer is recorded
  std::string clusters = "";  ///< Slurm's: which took it, or may take it ("a,b"); empty: that of SLURM_CONF
  std::int64_t asked_seconds = 0;  ///< since 1970: when it was handed over, or that ended without an answer
  bool refused = false;            ///< Slurm answered no, or gave no answer until its items went to another job
};

/// The folder of a scheduler and its `logs`. Throws Error(cannot_create).
void make_scheduler_folder(const std::string& folder);

/// Throws Error(usage) where a name is not made of letters, digits, "_", "-" and ".", occurs twice, or was submitted
/// before.
void require_names(const Submission& submission, const std::vector<Job>& known);

/// The items in tasks of `items_per_task`, these in jobs of at most `most_tasks`. Pure.
[[nodiscard]] std::vector<Job> jobs_of(const Submission& submission, std::int64_t items_per_task,
                                       std::int64_t most_tasks);

/// Writes down that the job is about to be handed over. Throws Error(cannot_create).
void record_intent(const std::string& folder, const Job& job);
/// Writes down the answer: the job's id, that it was refused, or, without either, that none came. Throws
/// Error(cannot_create).
void record_answer(const std::string& folder, const Job& job);
/// Writes down that the job, which no answer is known of, is not to run any more: its script looks for this line.
/// Throws Error(cannot_create).
void record_superseded(const std::string& folder, const Job& job);
/// Where these lines are.
[[nodiscard]] std::string ledger_path(const std::string& folder);
/// Every job, in the order of their intents. Throws Error (io_error, and bad_data with the line that no run writes).
[[nodiscard]] std::vector<Job> read_jobs(const std::string& folder);

}  // namespace rankwise::slurm
