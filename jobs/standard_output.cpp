#include "jobs/standard_output.hpp"

#include <cerrno>
#include <cstdio>
#include <fmt/format.h>
#include <system_error>

#include "kernels/error.hpp"

namespace rankwise {

namespace {

void require(bool written) {
  if (written) return;
  throw Error(ExitCode::io_error,
              fmt::format("standard output: cannot be written: {}", std::generic_category().message(errno)));
}

}  // namespace

void print_result(std::string_view text) {
  require(std::fwrite(text.data(), 1, text.size(), stdout) == text.size());
}

void flush_results() {
  require(std::fflush(stdout) == 0 && std::ferror(stdout) == 0);
}

}  // namespace rankwise
