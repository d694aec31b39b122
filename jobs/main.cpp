// rankwise: every rank starts here. On to the hot loops: run_job -> train_als -> half_sweep -> solve_rows, and
// run_job -> cluster_rows -> lloyd -> find_nearest.

#include <exception>
#include <string>
#include <vector>

#include "distributed/communicator.hpp"
#include "distributed/environment.hpp"
#include "distributed/standard_error.hpp"
#include "jobs/outcome.hpp"
#include "jobs/run_job.hpp"
#include "jobs/stop_requests.hpp"
#include "kernels/error.hpp"

int main(int argc, char** argv) {
  rankwise::settle_standard_streams();
  std::set_terminate(rankwise::end_uncaught);
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
