// rankwise: every rank starts here. On to the hot loops: run_job -> train_als (by its driver) -> half_sweep ->
// solve_rows, and run_job -> cluster_rows -> lloyd -> find_nearest.

#include <csignal>
#include <exception>
#include <string>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/comm/environment.hpp"
#include "jobs/run/outcome.hpp"
#include "jobs/run/stop_requests.hpp"
#include "jobs/run_job.hpp"
#include "kernels/base/error.hpp"
#include "kernels/process/standard_error.hpp"

int main(int argc, char** argv) {
  rankwise::settle_standard_streams();
  std::set_terminate(rankwise::end_uncaught);
  (void)std::signal(SIGXFSZ, SIG_IGN);  // a write past the limit of file sizes fails, and is told as others are
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  try {
    if (const auto text = rankwise::text_without_job(arguments)) return rankwise::print_alone(*text);
    if (rankwise::stops_on_request(arguments)) rankwise::note_requests();  // MPI takes its time to start
    const rankwise::Environment environment(argc, argv);
    const rankwise::Communicator comm = rankwise::Communicator::world();
    return rankwise::outcome(comm, [&] { rankwise::run_job(comm, arguments); });
  } catch (const rankwise::Error& error) {
    rankwise::print_error(error.what());
    return static_cast<int>(error.code());
  } catch (const std::exception& error) {  // MPI itself did not start
    rankwise::print_error(error.what());
    return static_cast<int>(rankwise::ExitCode::internal);
  }
}
