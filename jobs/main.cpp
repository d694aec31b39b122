// rankwise: every rank starts here. From here to the hot loop: main -> run_job -> train_als -> half_sweep ->
// solve_rows.

#include <cstdio>
#include <exception>
#include <fmt/format.h>
#include <string>
#include <vector>

#include "distributed/communicator.hpp"
#include "distributed/environment.hpp"
#include "jobs/run_job.hpp"
#include "jobs/standard_output.hpp"
#include "kernels/error.hpp"

namespace {

using rankwise::AgreedError;
using rankwise::Communicator;
using rankwise::Environment;
using rankwise::Error;
using rankwise::ExitCode;

void print_error(const std::string& text) {
  std::fflush(stdout);
  fmt::print(stderr, "rankwise: {}\n", text);
}

/// A failure that only this rank knows of: to unwind to MPI_Finalize would leave the others waiting for ever. A single
/// rank has no others.
int end_alone(const Communicator& comm, ExitCode code, const char* reason) {
  const int exit_code = static_cast<int>(code);
  if (comm.size() == 1) {
    print_error(reason);
    return exit_code;
  }
  print_error(fmt::format("rank {}: {}", comm.rank(), reason));
  Environment::abort(exit_code);
}

int run(const Communicator& comm, const std::vector<std::string>& arguments) {
  try {
    rankwise::run_job(comm, arguments);
    rankwise::agree_on(comm, rankwise::flush_results);
    return static_cast<int>(ExitCode::done);
  } catch (const AgreedError& error) {
    if (comm.is_root()) print_error(error.what());
    return static_cast<int>(error.code());
  } catch (const Error& error) {
    return end_alone(comm, error.code(), error.what());
  } catch (const std::exception& error) {
    return end_alone(comm, ExitCode::internal, error.what());
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const Environment environment(argc, argv);
    const Communicator comm = Communicator::world();
    return run(comm, std::vector<std::string>(argv + 1, argv + argc));
  } catch (const std::exception& error) {
    print_error(error.what());
    return static_cast<int>(ExitCode::internal);
  }
}
