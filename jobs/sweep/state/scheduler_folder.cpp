#include "jobs/sweep/state/scheduler_folder.hpp"

#include <filesystem>
#include <sstream>

#include "kernels/process/small_file.hpp"
#include "slurm/batch/slurm_scheduler.hpp"
#include "slurm/work/attempts.hpp"
#include "slurm/work/local_scheduler.hpp"

namespace rankwise {

namespace fs = std::filesystem;

std::string own_program() {
  return fs::read_symlink("/proc/self/exe").string();
}

void add_input_check(InputCheck check, std::vector<std::string>& command) {
  if (check == InputCheck::none) command.insert(command.end(), {"--verify-inputs", "no"});
}

std::string scheduler_folder(const std::string& directory) {
  return (fs::path(directory) / "scheduler").string();
}

std::unique_ptr<slurm::Scheduler> make_scheduler(const std::string& directory, const RunSettings& settings) {
  const std::string folder = scheduler_folder(directory);
  if (settings.scheduler == SchedulerKind::slurm) return std::make_unique<slurm::SlurmScheduler>(folder);
  return std::make_unique<slurm::LocalScheduler>(
      folder, slurm::LocalLimits{.cores = settings.cores, .memory_bytes = settings.memory_bytes});
}

std::vector<std::string> log_tail(const std::string& directory, const std::string& item) {
  constexpr std::size_t most_lines = 5;
  std::vector<std::string> lines;
  std::istringstream text(read_small_file(slurm::log_path(scheduler_folder(directory), item)));
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  if (lines.size() > most_lines) lines.erase(lines.begin(), lines.end() - most_lines);
  return lines;
}

}  // namespace rankwise
