// rank_probe WHAT LIMIT: ranks under watch, of which one, the middle one or the root, fails in ways that MPI does not
// notice. Prints `rank R process P` from every rank once all are watched.

#include <chrono>
#include <cstdlib>
#include <fmt/format.h>
#include <stdexcept>
#include <string>
#include <thread>
#include <unistd.h>

#include "distributed/comm/communicator.hpp"
#include "distributed/comm/environment.hpp"
#include "distributed/comm/rank_watch.hpp"
#include "jobs/run/outcome.hpp"
#include "jobs/run/standard_output.hpp"

namespace rankwise {
namespace {

void fail(const Communicator& comm, const std::string& what, std::chrono::seconds limit) {
  print_result(fmt::format("rank {} process {}\n", comm.rank(), getpid()));
  require_results();
  const bool is_middle = comm.rank() == comm.size() / 2;
  if (what == "exit" && is_middle) std::exit(0);
  if (what == "root-exit" && comm.is_root()) std::exit(0);
  if (what == "throw" && is_middle) throw std::runtime_error("not an error of ours");
  if (what == "agreed") throw AgreedError(ExitCode::bad_data, "row 7 is bad");
  if (what == "late" && is_middle) std::this_thread::sleep_for(limit + std::chrono::seconds(1));
  comm.barrier();  // where the others wait
}

void watched(const Communicator& comm, const std::string& what, std::chrono::seconds limit) {
  RankWatch watch(comm, limit);
  if (!watch.fault().empty()) throw AgreedError(ExitCode::internal, watch.fault());
  watch.over([&] { fail(comm, what, limit); });
}

}  // namespace
}  // namespace rankwise

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  const std::chrono::seconds limit(argc > 2 ? std::atoi(argv[2]) : 3);
  const rankwise::Environment environment(argc, argv);
  const rankwise::Communicator comm = rankwise::Communicator::world();
  return rankwise::outcome(comm, [&] { rankwise::watched(comm, what, limit); });
}
