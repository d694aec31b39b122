#pragma once
// The text of a batch script that runs one program over MPI ranks.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rankwise::slurm {

/// What a script asks of Slurm.
struct SbatchHeader {
  std::string job_name;
  std::string partition;  ///< these four: empty for the cluster's default
  std::string account;
  std::string qos;
  std::string constraint;
  std::int64_t nodes = 1;
  std::int64_t tasks = 1;
  std::int64_t tasks_per_node = 1;
  std::int64_t cpus_per_task = 1;
  std::int64_t memory_mebibytes_per_node = 0;  ///< these two: 0 for the cluster's default
  std::int64_t time_limit_seconds = 0;
  std::string folder;                    ///< where it runs; empty: where it is submitted
  std::string log;                       ///< a path with Slurm's "%j", "%A" and "%a" in it
  std::string array;                     ///< "0-99%10"; empty: no array
  std::string dependency;                ///< "afterany:17"; empty: none
  std::string signal;                    ///< "B:USR2@120": which, and how many seconds before the limit
  std::vector<std::string> extra_lines;  ///< further options as they stand there
};

/// A log in a folder of any name: its path as --output has it, with `pattern` for the file, such as "%x_%a.log".
/// /dev/null where the folder's path has a backslash, since Slurm then takes "%" for itself.
[[nodiscard]] std::string log_in(std::string_view folder, std::string_view pattern);

/// Throws Refused(usage) where the path has a line break, which no #SBATCH line can have.
void require_scriptable(const std::string& path);

/// The first line and the #SBATCH lines: what is stated, `--requeue`, and a log that a job which runs again goes on
/// with.
[[nodiscard]] std::string sbatch_header(const SbatchHeader& header);

/// Lines of a script before its first step: what the environment of whoever submitted it would say to its srun, squeue
/// and scontrol is gone, as SLURM_EXPORT_ENV of SBATCH_EXPORT=NONE, filters of squeue, and an outer job's step.
extern const std::string_view drops_outer_environment;

/// Words for srun between its options and `FILE PROGRAM ARGUMENTS`, over several lines: rank 0 leaves what it ended
/// with in FILE. A srun that cannot launch its step, or is told to end meanwhile, says 0.
extern const std::string_view rank_zero_leaves_its_code;

/// A script that runs one program over MPI ranks. Its log and signal are set here.
struct SbatchFile : SbatchHeader {
  std::vector<std::string> comments;  ///< lines without newlines; what the numbers above rest on
  std::vector<std::string> command;   ///< program and arguments, unquoted
};

/// The script: one MPI rank per task under `srun --mpi=pmix --kill-on-bad-exit=1`, output appended to
/// `<job_name>-<job id>.log`. The program gets SIGUSR2 some minutes before the limit; when it then ends with 75
/// (stopped early after a checkpoint), or a node fails, the job goes back into the queue. A launch that failed is tried
/// again, and is an error in the end.
[[nodiscard]] std::string sbatch_text(const SbatchFile& file);

/// A word as a POSIX shell reads it back: unchanged where that is safe, else in single quotes.
[[nodiscard]] std::string shell_word(std::string_view text);

}  // namespace rankwise::slurm
