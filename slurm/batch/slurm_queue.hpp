#pragma once
// What Slurm's clients tell, as values. Every call runs one client and throws Error(io_error) with its words in one
// line where it fails or does not answer. `cluster` as for --clusters; empty: the one that SLURM_CONF names.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "kernels/base/error.hpp"
#include "slurm/process/command.hpp"
#include "slurm/work/item_states.hpp"

namespace rankwise::slurm {

/// The client with its arguments, for a cluster.
[[nodiscard]] std::vector<std::string> in_cluster(std::vector<std::string> client, const std::string& cluster);

/// sbatch ended without its controller's answer: the job may enter the queue later.
class NoAnswer : public Error {
 public:
  using Error::Error;
};

/// What sbatch answered.
struct Acceptance {
  std::string id;       ///< "17"
  std::string cluster;  ///< where it is not the one that SLURM_CONF names
};

/// One line of squeue: a job, or a task of an array.
struct QueueEntry {
  std::string id;     ///< "17" or "17_3"
  std::string array;  ///< "17"
  std::string task;   ///< "3"; "N/A" where it is no array
  std::string name;
  std::string state;   ///< "PENDING"
  std::string reason;  ///< "Resources", or "None"
  std::string cluster;
};

/// Reads what squeue prints for queue_format; other lines are passed over. Pure.
[[nodiscard]] std::vector<QueueEntry> parse_queue(std::string_view text);

/// Jobs of these names, also those that ended within the last minutes.
[[nodiscard]] std::vector<QueueEntry> ask_queue(const std::vector<std::string>& job_names,
                                                const std::string& cluster = "");

/// What an entry means for the items in it.
[[nodiscard]] TaskInQueue place_of(const QueueEntry& entry);

/// Whether it can still run.
[[nodiscard]] bool is_queued(const QueueEntry& entry);

/// `scontrol show config` by name ("MaxArraySize" -> "1001").
[[nodiscard]] std::map<std::string, std::string> parse_configuration(std::string_view text);
[[nodiscard]] std::map<std::string, std::string> ask_configuration(const std::string& cluster = "");
/// A whole number of it; `fallback` where it is not there or no number.
[[nodiscard]] std::int64_t number_in(const std::map<std::string, std::string>& configuration, const std::string& name,
                                     std::int64_t fallback);

/// Whether sbatch cannot know what became of the script that it handed over: the connection failed, or it was ended.
[[nodiscard]] bool lacks_answer(const CommandResult& sbatch);

/// Hands a script over. Throws NoAnswer too.
[[nodiscard]] Acceptance submit_script(const std::string& path);

/// Takes jobs, or tasks of them, out of a cluster's queue.
void cancel_jobs(const std::vector<std::string>& ids, const std::string& cluster = "");

}  // namespace rankwise::slurm
