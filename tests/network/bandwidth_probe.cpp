// bandwidth_probe BYTES: prints, as one JSON object, where the ranks run and how many bytes per second go between ranks
// 0 and 1: one way, the other way, and both ways at once, three times each.

#include <charconv>
#include <cstring>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <iterator>
#include <limits.h>
#include <mpi.h>
#include <optional>
#include <span>
#include <string>
#include <unistd.h>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/comm/environment.hpp"

namespace {

using rankwise::check_mpi;
using rankwise::Communicator;
using rankwise::Index;

constexpr int probe_tag = 5;
constexpr int repetitions = 3;

std::string network_namespace() {
  std::string name(PATH_MAX, '\0');
  const ssize_t length = readlink("/proc/self/ns/net", name.data(), name.size());
  name.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
  return name;
}

std::string host_name() {
  std::string name(HOST_NAME_MAX + 1, '\0');
  if (gethostname(name.data(), name.size()) != 0) return "?";
  name.resize(std::strlen(name.c_str()));
  return name;
}

/// What each rank says, in rank order, as JSON strings.
std::string from_all(const Communicator& comm, const std::string& mine) {
  const std::string quoted = fmt::format("\"{}\"", mine);
  const auto all = comm.all_gather_varied(std::span<const char>(quoted));
  std::string joined;
  Index next = 0;
  for (const Index count : all.counts) {
    if (next > 0) joined += ", ";
    joined.append(all.values.data() + next, static_cast<std::size_t>(count));
    next += count;
  }
  return joined;
}

/// Bytes per second that the receivers among `senders`' peers see, the slowest of them. The clock of a receiver starts
/// before it lets its sender begin, so that nothing can be on its way unseen: no rate can come out too high.
double rate(const Communicator& comm, const std::vector<int>& senders, std::vector<char>& out, std::vector<char>& in) {
  double seconds = 0;
  comm.barrier();
  if (comm.rank() < 2) {
    const int peer = 1 - comm.rank();
    const int bytes = rankwise::narrow_count(static_cast<Index>(out.size()));
    std::vector<MPI_Request> requests;
    std::optional<double> start;
    for (const int sender : senders) {
      if (sender == comm.rank()) continue;
      check_mpi(MPI_Irecv(in.data(), bytes, MPI_BYTE, peer, probe_tag, comm.handle(), &requests.emplace_back()),
                "MPI_Irecv");
      start = MPI_Wtime();
      check_mpi(MPI_Send(nullptr, 0, MPI_BYTE, peer, probe_tag + 1, comm.handle()), "MPI_Send");
    }
    for (const int sender : senders) {
      if (sender != comm.rank()) continue;
      check_mpi(MPI_Recv(nullptr, 0, MPI_BYTE, peer, probe_tag + 1, comm.handle(), MPI_STATUS_IGNORE), "MPI_Recv");
      check_mpi(MPI_Isend(out.data(), bytes, MPI_BYTE, peer, probe_tag, comm.handle(), &requests.emplace_back()),
                "MPI_Isend");
    }
    check_mpi(MPI_Waitall(static_cast<int>(requests.size()), requests.data(), MPI_STATUSES_IGNORE), "MPI_Waitall");
    if (start) seconds = MPI_Wtime() - *start;
  }
  return static_cast<double>(out.size()) / comm.max(seconds);
}

}  // namespace

int main(int argc, char** argv) {
  const rankwise::Environment environment(argc, argv);
  const Communicator comm = Communicator::world();
  Index bytes = 0;
  if (argc == 2) std::from_chars(argv[1], argv[1] + std::strlen(argv[1]), bytes);
  if (bytes < 1 || comm.size() < 2) {
    if (comm.is_root()) fmt::print(stderr, "usage: bandwidth_probe BYTES, on two ranks or more\n");
    return 2;
  }
  const std::string namespaces = from_all(comm, network_namespace());
  const std::string hosts = from_all(comm, host_name());
  const int most_on_node = comm.max(comm.node().size());
  std::vector<char> out(static_cast<std::size_t>(bytes), 'x');
  std::vector<char> in(out.size());
  std::vector<double> forth;
  std::vector<double> back;
  std::vector<double> both;
  for (int repetition = 0; repetition < repetitions; ++repetition) {
    forth.push_back(rate(comm, {0}, out, in));
    back.push_back(rate(comm, {1}, out, in));
    both.push_back(rate(comm, {0, 1}, out, in));
  }
  if (comm.is_root()) {
    fmt::print(
        "{{\"namespaces\": [{}], \"hosts\": [{}], \"most_ranks_on_a_node\": {},\n"
        " \"forth\": {}, \"back\": {}, \"both\": {}}}\n",
        namespaces, hosts, most_on_node, forth, back, both);
  }
  return 0;
}
