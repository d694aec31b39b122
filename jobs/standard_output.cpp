#include "jobs/standard_output.hpp"

#include <cerrno>
#include <cstdio>
#include <fmt/format.h>
#include <system_error>

#include "io/text_encoding.hpp"
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
  print_data(printable_table(text));
}

void print_data(std::string_view data) {
  require(std::fwrite(data.data(), 1, data.size(), stdout) == data.size());
}

void flush_results() {
  require(std::fflush(stdout) == 0 && std::ferror(stdout) == 0);
}

}  // namespace rankwise
