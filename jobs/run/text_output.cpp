#include "jobs/run/text_output.hpp"

#include <filesystem>
#include <fmt/format.h>

#include "io/files/commit.hpp"

namespace rankwise {

void write_from_root(JobContext& context, const std::string& path, const std::string& text) {
  if (path.empty()) return;
  std::error_code ignored;
  const bool replaces = std::filesystem::exists(path, ignored);
  write_text_in_rank_order(context.comm, path, context.comm.is_root() ? text : std::string());
  context.report.line(fmt::format("{} {}", replaces ? "replaced" : "wrote", path));
}

}  // namespace rankwise
