#include "distributed/comm/rank_links.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <fmt/format.h>
#include <functional>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <random>
#include <sys/socket.h>
#include <sys/time.h>
#include <system_error>
#include <unistd.h>

#include "kernels/process/host_name.hpp"
#include "kernels/process/small_file.hpp"

namespace rankwise {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds patience_per_address{5};
constexpr std::size_t most_addresses = 8;

/// Where a rank is and listens; travels between ranks. Addresses and port are in network order, 0 where there is none.
struct RankAddress {
  std::array<std::uint32_t, most_addresses> addresses{};
  std::uint16_t port = 0;
  std::int32_t process = 0;
  std::uint64_t machine = 0;  ///< equal where two ranks share a kernel, a network and process numbers
  std::uint64_t token = 0;    ///< rank 0's tells this job's ranks from strangers
  std::array<char, 64> host{};
};

/// What a rank says first on a connection that it opened; one byte comes back.
struct Greeting {
  std::uint64_t token = 0;
  std::int32_t from = 0;
  std::int32_t to = 0;
};

Error system_error(const char* what) {
  return {ExitCode::internal, fmt::format("{}: {}", what, std::generic_category().message(errno))};
}

/// Names of the boot and of the namespaces that this process lives in, hashed.
std::uint64_t machine_number() {
  std::string text = whole_file("/proc/sys/kernel/random/boot_id").value_or("");
  for (const char* name : {"/proc/self/ns/pid", "/proc/self/ns/net"}) {
    std::array<char, 64> target{};
    if (readlink(name, target.data(), target.size() - 1) > 0) text += target.data();
  }
  return std::hash<std::string>()(text);
}

std::array<std::uint32_t, most_addresses> own_addresses() {
  std::array<std::uint32_t, most_addresses> found{};
  std::size_t count = 0;
  ifaddrs* interfaces = nullptr;
  if (getifaddrs(&interfaces) != 0) return found;
  for (const ifaddrs* each = interfaces; each != nullptr && count < found.size(); each = each->ifa_next) {
    const bool is_usable = (each->ifa_flags & IFF_UP) != 0 && (each->ifa_flags & IFF_LOOPBACK) == 0;
    if (!is_usable || each->ifa_addr == nullptr || each->ifa_addr->sa_family != AF_INET) continue;
    found[count++] = reinterpret_cast<const sockaddr_in*>(each->ifa_addr)->sin_addr.s_addr;
  }
  freeifaddrs(interfaces);
  return found;
}

/// A socket that takes connections at a free port, which is noted in `mine`.
FileDescriptor listen_anywhere(RankAddress& mine) {
  FileDescriptor listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_ANY);
  socklen_t size = sizeof address;
  if (!listener.is_open() || bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      listen(listener.get(), 4 * RankTree::fan_out) != 0 ||
      getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw system_error("cannot listen for other ranks");
  }
  mine.port = address.sin_port;
  return listener;
}

RankAddress describe_this_rank() {
  RankAddress mine;
  mine.addresses = own_addresses();
  mine.process = getpid();
  mine.machine = machine_number();
  std::random_device random;
  mine.token = (std::uint64_t{random()} << 32) ^ random();
  host_name().copy(mine.host.data(), mine.host.size() - 1);
  return mine;
}

/// Connecting, sending and receiving on `socket` then give up after a while.
void limit_patience(int socket) {
  const timeval limit{.tv_sec = patience_per_address.count(), .tv_usec = 0};
  setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
}

/// Whether `rank` greets back from there.
FileDescriptor greet(std::uint32_t address, std::uint16_t port, const Greeting& greeting) {
  FileDescriptor link(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!link.is_open()) return {};
  limit_patience(link.get());
  sockaddr_in target{};
  target.sin_family = AF_INET;
  target.sin_addr.s_addr = address;
  target.sin_port = port;
  char answer = 0;
  const bool answered = connect(link.get(), reinterpret_cast<const sockaddr*>(&target), sizeof target) == 0 &&
                        send(link.get(), &greeting, sizeof greeting, MSG_NOSIGNAL) == sizeof greeting &&
                        recv(link.get(), &answer, 1, MSG_WAITALL) == 1;
  return answered ? std::move(link) : FileDescriptor();
}

FileDescriptor connect_to(const RankAddress& there, const RankAddress& here, const Greeting& greeting) {
  if (there.machine == here.machine) {
    if (FileDescriptor link = greet(htonl(INADDR_LOOPBACK), there.port, greeting); link.is_open()) return link;
  }
  for (const std::uint32_t address : there.addresses) {
    // What is an address of both, such as a bridge that every node has, leads nowhere but here.
    if (address == 0 || std::ranges::find(here.addresses, address) != here.addresses.end()) continue;
    if (FileDescriptor link = greet(address, there.port, greeting); link.is_open()) return link;
  }
  throw Error(ExitCode::internal, fmt::format("rank {} on {} cannot reach rank {} on {} over TCP", greeting.from,
                                              here.host.data(), greeting.to, there.host.data()));
}

RankLink link_of(int rank, const RankAddress& there, const RankAddress& here) {
  return {.rank = rank,
          .process = there.process,
          .sees_process = there.machine == here.machine,
          .host = there.host.data(),
          .socket = {}};
}

/// Takes connections until every link in `children` has one; strangers are turned away.
void accept_children(int listener, const Greeting& expected, std::span<RankLink> children) {
  // A child may try the addresses of its parent one after the other.
  const auto deadline = Clock::now() + (most_addresses + 1) * patience_per_address;
  for (;;) {
    const auto missing = std::ranges::find_if(children, [](const RankLink& link) { return !link.socket.is_open(); });
    if (missing == children.end()) return;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    pollfd waiting{.fd = listener, .events = POLLIN, .revents = 0};
    if (left.count() <= 0 || (poll(&waiting, 1, static_cast<int>(left.count())) == 0)) {
      throw Error(ExitCode::internal, fmt::format("rank {} on {} cannot be reached over TCP by rank {} on {}",
                                                  expected.to, children.front().host, missing->rank, missing->host));
    }
    FileDescriptor link(accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
    if (!link.is_open()) continue;
    limit_patience(link.get());
    Greeting greeting;
    if (recv(link.get(), &greeting, sizeof greeting, MSG_WAITALL) != sizeof greeting) continue;
    const auto child = std::ranges::find(children, greeting.from, &RankLink::rank);
    const bool is_ours = greeting.token == expected.token && greeting.to == expected.to;
    if (!is_ours || child == children.end() || send(link.get(), "", 1, MSG_NOSIGNAL) != 1) continue;
    child->socket = std::move(link);
  }
}

}  // namespace

std::vector<int> RankTree::children(int rank) const {
  std::vector<int> all;
  const int first = std::min(fan_out * rank + 1, ranks_);
  for (int child = first; child < std::min(first + fan_out, ranks_); ++child) all.push_back(child);
  return all;
}

std::vector<RankLink> link_ranks(const Communicator& comm) {
  // 1. Everybody listens, and learns where the others do.
  RankAddress here = describe_this_rank();
  const FileDescriptor listener = agree_on(comm, [&] { return listen_anywhere(here); });
  const std::vector<RankAddress> all = comm.all_gather(here);
  const auto address_of = [&all](int rank) -> const RankAddress& { return all[static_cast<std::size_t>(rank)]; };

  // 2. Parents answer once their own parents have answered them: down the tree.
  return agree_on(comm, [&] {
    std::vector<RankLink> links;
    const int parent = RankTree::parent(comm.rank());
    if (parent >= 0) {
      const RankAddress& there = address_of(parent);
      links.push_back(link_of(parent, there, here));
      links.back().socket = connect_to(there, here, {all.front().token, comm.rank(), parent});
    }
    const std::size_t first_child = links.size();
    for (const int child : RankTree(comm.size()).children(comm.rank())) {
      links.push_back(link_of(child, address_of(child), here));
    }
    accept_children(listener.get(), {all.front().token, -1, comm.rank()}, std::span(links).subspan(first_child));
    return links;
  });
}

}  // namespace rankwise
