// outcome_probe WHAT: a program whose ranks fail in the ways that outcome() must tell apart.

#include <new>
#include <stdexcept>
#include <string>

#include "distributed/comm/communicator.hpp"
#include "distributed/comm/environment.hpp"
#include "jobs/run/outcome.hpp"
#include "jobs/run/standard_output.hpp"

namespace rankwise {
namespace {

void fail(const Communicator& comm, const std::string& what) {
  const bool is_last = comm.rank() == comm.size() - 1;
  if (what == "agreed") {
    agree_on(comm, [&] {
      if (is_last) throw Error(ExitCode::bad_data, "row 7 is bad");
    });
  }
  if (what == "alone" && is_last) throw Error(ExitCode::io_error, "only this rank knows");
  if (what == "foreign" && is_last) throw std::runtime_error("not an error of ours");
  if (what == "memory" && is_last) {
    volatile std::size_t too_much = std::size_t{1} << 62;  // the compiler would refuse a constant
    ::operator delete(::operator new(too_much));
  }
  comm.barrier();  // where the others wait
  if (comm.is_root()) print_result("all ranks passed\n");
}

}  // namespace
}  // namespace rankwise

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  const rankwise::Environment environment(argc, argv);
  const rankwise::Communicator comm = rankwise::Communicator::world();
  return rankwise::outcome(comm, [&] { rankwise::fail(comm, what); });
}
