#pragma once
// When each run of an item of work began and how it ended: a text file beside its log that whoever runs it appends to.
//
//   begin <seconds since 1970> <job> <job id> <restart> <host>
//   end   <seconds since 1970> <job> <job id> <restart> <exit code>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rankwise::slurm {

/// One run.
struct Attempt {
  std::string job;     ///< name of the job: "<submission>-<chunk>"
  std::string job_id;  ///< Slurm's ("17", "17_3"), or the process
  std::int64_t restart = 0;
  std::string host;
  std::int64_t begin_seconds = 0;  ///< since 1970
  std::optional<std::int64_t> end_seconds;
  std::optional<int> exit_code;  ///< nothing: still running, or killed with its job; 128 + n for signal n
};

/// Exit code of a program that wrote a checkpoint and is to run again.
inline constexpr int run_again_code = 75;

/// Beyond any time in seconds since 1970.
inline constexpr std::int64_t most_seconds = 1'000'000'000'000;

/// Whether a run that ended so is the item's last in its job: not asked to run again, and not killed.
[[nodiscard]] constexpr bool is_final(int exit_code) {
  return exit_code != run_again_code && exit_code <= 128;
}

/// The runs that `text` tells of, in the order in which they began; lines that are anything else (a full disk may cut
/// the last one short) are passed over.
[[nodiscard]] std::vector<Attempt> parse_attempts(std::string_view text);

/// Of an item of a scheduler's folder; none where it has never begun. Throws Error(io_error).
[[nodiscard]] std::vector<Attempt> read_attempts(const std::string& folder, const std::string& item);

/// Appends the run's begin, or where it has an end that; errors are passed over, since the work matters more.
void append_attempt(const std::string& folder, const std::string& item, const Attempt& attempt);

[[nodiscard]] std::string log_path(const std::string& folder, const std::string& item);
[[nodiscard]] std::string attempts_path(const std::string& folder, const std::string& item);

}  // namespace rankwise::slurm
