#include "jobs/options/nested_job.hpp"

#include <memory>

#include "jobs/options/file_clashes.hpp"
#include "jobs/options/options.hpp"

namespace rankwise {

void run_nested(const Job& job, std::vector<std::string> arguments, JobContext& context) {
  if (context.common.input_check == InputCheck::none) arguments.emplace_back("--verify-inputs=no");
  const auto options = agree_on(context.comm, [&] {
    auto parsed = std::make_unique<JobOptions>(job);
    parsed->parse_command_line(arguments);
    parsed->resolve(context.common.threads);
    if (context.comm.is_root()) require_sound_files(parsed->files());
    return parsed;
  });
  JobContext inner{context.comm, options->common(), context.report, options->configuration(), context.shelf};
  options->run()(inner);
}

}  // namespace rankwise
