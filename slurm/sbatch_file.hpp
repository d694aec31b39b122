#pragma once
// The text of a batch script that runs one program over MPI ranks.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rankwise::slurm {

/// What a script asks of Slurm, and what it runs.
struct SbatchFile {
  std::string job_name;
  std::string partition;  ///< empty: the cluster's default
  std::int64_t nodes = 1;
  std::int64_t tasks = 1;
  std::int64_t tasks_per_node = 1;
  std::int64_t cpus_per_task = 1;
  std::int64_t memory_mebibytes_per_node = 0;
  std::int64_t time_limit_seconds = 0;
  std::vector<std::string> comments;  ///< lines without newlines; what the numbers above rest on
  std::vector<std::string> command;   ///< program and arguments, unquoted
};

/// The script: one MPI rank per task under `srun --mpi=pmix --kill-on-bad-exit=1`, output appended to
/// `<job_name>-<job id>.log`. The program gets SIGUSR1 some minutes before the limit; when it then ends with 75
/// (stopped early after a checkpoint), or a node fails, the job goes back into the queue.
[[nodiscard]] std::string sbatch_text(const SbatchFile& file);

/// A word as a POSIX shell reads it back: unchanged where that is safe, else in single quotes.
[[nodiscard]] std::string shell_word(std::string_view text);

/// "2-04:30:00" or "04:30:00": Slurm's days, hours, minutes and seconds.
[[nodiscard]] std::string time_limit_text(std::int64_t seconds);

/// Reads it back, also "4:30:00"; nothing where `text` is anything else or zero.
[[nodiscard]] std::optional<std::int64_t> parse_time_limit(std::string_view text);

}  // namespace rankwise::slurm
