#include "jobs/run/standard_output.hpp"

#include <fmt/format.h>
#include <system_error>
#include <unistd.h>

#include "kernels/base/error.hpp"
#include "kernels/process/file_descriptor.hpp"
#include "kernels/text/text_encoding.hpp"

namespace rankwise {

namespace {

// As standard output itself, there is one for all who write to it.
int first_fault = 0;

}  // namespace

void print_result(std::string_view text) {
  print_data(printable_table(text));
}

void print_data(std::string_view data) {
  if (first_fault == 0) first_fault = write_whole(STDOUT_FILENO, data);
}

std::optional<std::string> lost_results() {
  if (first_fault == 0) return std::nullopt;
  return fmt::format("standard output: cannot be written: {}", std::generic_category().message(first_fault));
}

void require_results() {
  if (const std::optional<std::string> fault = lost_results()) throw Error(ExitCode::io_error, *fault);
}

}  // namespace rankwise
