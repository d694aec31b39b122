#include "jobs/quarterly/chain.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>

#include "kernels/process/small_file.hpp"
#include "slurm/batch/sbatch_file.hpp"

namespace rankwise {

namespace fs = std::filesystem;

std::string ChainCommand::value_of(const std::string& option) const {
  const std::string begin = fmt::format("--{}=", option);
  const auto found =
      std::ranges::find_if(arguments, [&begin](const std::string& argument) { return argument.starts_with(begin); });
  return found == arguments.end() ? std::string() : found->substr(begin.size());
}

void require_inputs(const Chain& chain) {
  std::vector<std::string> written;
  for (const ChainStep& step : chain.steps) {
    for (const std::string& path : step.inputs) {
      if (std::ranges::find(written, path) != written.end() || fs::exists(path)) continue;
      throw Error(ExitCode::no_input,
                  fmt::format("{}: {} reads {}, which is not there and which no step before it writes", chain.file,
                              step.name, path));
    }
    written.insert(written.end(), step.outputs.begin(), step.outputs.end());
  }
}

std::string chain_path(const std::string& directory) {
  return (fs::path(directory) / "quarterly.ini").string();
}

Chain submitted_chain(const Communicator& comm, const std::string& directory) {
  const std::string path = chain_path(directory);
  std::string text = agree_on(comm, [&] {
    if (!comm.is_root()) return std::string();
    if (!fs::exists(path)) {
      throw Error(ExitCode::no_input, fmt::format("{}: there is no such file; expected the folder of a chain that was "
                                                  "submitted",
                                                  path));
    }
    return read_small_file(path);
  });
  comm.broadcast(text);
  return agree_on(comm, [&] { return read_chain(text, path, ""); });
}

std::string command_text(const ChainStep& step, const ChainCommand& command) {
  std::string text = fmt::format("rankwise {}", command.job.name);
  for (const auto* arguments : {&command.arguments, &step.launch}) {
    for (const std::string& argument : *arguments) text += " " + slurm::shell_word(argument);
  }
  return text;
}

}  // namespace rankwise
