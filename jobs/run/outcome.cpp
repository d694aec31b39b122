#include "jobs/run/outcome.hpp"

#include <atomic>
#include <chrono>
#include <exception>
#include <fmt/format.h>
#include <new>
#include <optional>
#include <string_view>
#include <thread>
#include <unistd.h>

#include "distributed/comm/environment.hpp"
#include "jobs/run/standard_output.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/large_allocation.hpp"
#include "kernels/process/standard_error.hpp"
#include "kernels/text/text_encoding.hpp"
#include "kernels/text/units.hpp"

namespace rankwise {

namespace {

int end_alone(const Communicator& comm, ExitCode code, const char* reason) {
  const int exit_code = static_cast<int>(code);
  if (comm.size() == 1) {
    print_error(reason);
    return exit_code;
  }
  print_error(fmt::format("rank {}: {}", comm.rank(), reason));
  Environment::abort(exit_code);
}

}  // namespace

std::string out_of_memory_text(std::size_t bytes, const std::string& phase) {
  std::string text = "out of memory";
  if (bytes > 0) text += fmt::format(": {} were asked for", bytes_text(static_cast<double>(bytes)));
  if (!phase.empty()) text += fmt::format(" in phase '{}'", phase);
  return text;
}

void print_error(const std::string& text) {
  write_standard_error(fmt::format("rankwise: {}\n", printable(text)));
}

namespace {

/// Prints why a thread ends the process, and returns the exit code.
ExitCode tell_uncaught() {
  ExitCode code = ExitCode::internal;
  // g++ 12 ends some regions before the exception counts as caught: then what was refused is all that is known.
  std::string text = refused_bytes() > 0 ? out_of_memory_text(refused_bytes(), {}) : "ended by an error of a thread";
  try {
    if (const std::exception_ptr thrown = std::current_exception()) std::rethrow_exception(thrown);
  } catch (const Error& error) {
    code = error.code();
    text = error.what();
  } catch (const std::bad_alloc&) {
    text = out_of_memory_text(refused_bytes(), {});
  } catch (const std::exception& error) {
    text = error.what();
  }
  print_error(text);
  return code;
}

}  // namespace

void end_uncaught() {
  static std::atomic_flag is_ending;
  if (is_ending.test_and_set()) std::this_thread::sleep_for(std::chrono::seconds(10));  // another thread was first
  ExitCode code = ExitCode::internal;
  try {
    code = tell_uncaught();
  } catch (...) {  // not even this line has memory
    constexpr std::string_view line = "rankwise: out of memory\n";
    (void)!write(STDERR_FILENO, line.data(), line.size());
  }
  Environment::abort_from_any_thread(static_cast<int>(code));
}

int outcome(const Communicator& comm, const std::function<void()>& body) {
  try {
    body();
    agree_on(comm, require_results);
    return static_cast<int>(ExitCode::done);
  } catch (const AgreedError& error) {
    if (!comm.is_root()) return static_cast<int>(error.code());
    print_error(error.what());
    const std::optional<std::string> lost = lost_results();
    if (lost && *lost != error.what()) print_error(*lost);
    return static_cast<int>(error.code());
  } catch (const Error& error) {
    return end_alone(comm, error.code(), error.what());
  } catch (const std::bad_alloc&) {
    return end_alone(comm, ExitCode::internal, out_of_memory_text(refused_bytes(), {}).c_str());
  } catch (const std::exception& error) {
    return end_alone(comm, ExitCode::internal, error.what());
  }
}

}  // namespace rankwise
