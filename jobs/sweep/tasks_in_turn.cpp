#include "jobs/sweep/tasks_in_turn.hpp"

#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <fmt/format.h>
#include <memory>
#include <unistd.h>

#include "jobs/run/outcome.hpp"
#include "jobs/sweep/state/scheduler_folder.hpp"
#include "kernels/process/file_descriptor.hpp"
#include "kernels/process/host_name.hpp"
#include "kernels/process/process_memory.hpp"
#include "kernels/process/small_file.hpp"
#include "kernels/text/number_text.hpp"
#include "slurm/work/attempts.hpp"
#include "slurm/work/submission_records.hpp"

namespace rankwise {

namespace {

/// Standard output and error go to the end of a file as long as it lives.
class OutputToFile {
 public:
  /// Throws Error(cannot_create).
  explicit OutputToFile(const std::string& path) : output_(dup(STDOUT_FILENO)), error_(dup(STDERR_FILENO)) {
    const FileDescriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
    if (!file.is_open()) throw Error(ExitCode::cannot_create, fmt::format("{}: cannot be written", path));
    redirect(file, file);
  }
  ~OutputToFile() { redirect(output_, error_); }
  OutputToFile(const OutputToFile&) = delete;
  OutputToFile& operator=(const OutputToFile&) = delete;

 private:
  static void redirect(const FileDescriptor& output, const FileDescriptor& error) {
    dup2(output.get(), STDOUT_FILENO);
    dup2(error.get(), STDERR_FILENO);
  }

  FileDescriptor output_;
  FileDescriptor error_;
};

/// Of the job that this process is part of, or the process.
std::string job_id() {
  const char* const array = std::getenv("SLURM_ARRAY_JOB_ID");
  const char* const task = std::getenv("SLURM_ARRAY_TASK_ID");
  if (array != nullptr && task != nullptr) return fmt::format("{}_{}", array, task);
  return std::to_string(getpid());
}

slurm::Attempt begun(const SweepTask& task) {
  const char* const restarts = std::getenv("SLURM_RESTART_COUNT");
  return {.job = task.program,
          .job_id = job_id(),
          .restart = restarts == nullptr ? 0 : whole_number<std::int64_t>(restarts).value_or(0),
          .host = host_name(),
          .begin_seconds = std::time(nullptr),
          .end_seconds = {},
          .exit_code = {}};
}

}  // namespace

void run_in_turn(const std::string& directory, const std::vector<const SweepTask*>& tasks, JobContext& context,
                 const std::function<void(const SweepTask& task, JobContext& context)>& run) {
  const Communicator& comm = context.comm;
  const std::string folder = scheduler_folder(directory);
  const auto note = [&](const SweepTask& task, const slurm::Attempt& attempt) {
    if (comm.is_root()) slurm::append_attempt(folder, task.name, attempt);
  };
  agree_on(comm, [&] {
    if (comm.is_root()) slurm::make_scheduler_folder(folder);
  });
  for (const SweepTask* task : tasks) {
    slurm::Attempt attempt = begun(*task);
    note(*task, attempt);
    ExitCode code = ExitCode::done;
    try {
      const auto log = agree_on(comm, [&] {
        return comm.is_root() ? std::make_unique<OutputToFile>(slurm::log_path(folder, task->name)) : nullptr;
      });
      try {
        static_cast<void>(forget_peak_memory());
        Report report(comm, {.quiet = context.common.quiet, .log_json = {}, .threads = context.common.threads});
        JobContext own{comm, context.common, report, context.configuration, context.shelf};
        run(*task, own);
        report.finish();
      } catch (const AgreedError& error) {
        if (comm.is_root()) print_error(error.what());
        throw;
      }
    } catch (const AgreedError& error) {
      code = error.code();
    }
    attempt.end_seconds = std::time(nullptr);
    attempt.exit_code = static_cast<int>(code);
    note(*task, attempt);
    context.report.line(fmt::format("{} ended with {}", task->name, static_cast<int>(code)));
    if (code == ExitCode::stopped_early) {
      throw AgreedError(code, fmt::format("{} stopped early after writing a checkpoint", task->name));
    }
  }
}

}  // namespace rankwise
