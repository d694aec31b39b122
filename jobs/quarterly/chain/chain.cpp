#include "jobs/quarterly/chain/chain.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>

#include "kernels/process/small_file.hpp"
#include "slurm/batch/sbatch_file.hpp"

namespace rankwise {

namespace fs = std::filesystem;

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

std::string command_text(const ChainStep& step, const ChainCommand& command) {
  std::string text = fmt::format("rankwise {}", command.job.name);
  for (const auto* arguments : {&command.arguments, &step.launch}) {
    for (const std::string& argument : *arguments) text += " " + slurm::shell_word(argument);
  }
  return text;
}

}  // namespace rankwise
