#include "jobs/doctor/launch_view.hpp"

#include <algorithm>
#include <chrono>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <mpi.h>
#include <nlohmann/json.hpp>
#include <sched.h>
#include <sys/statvfs.h>
#include <thread>
#include <unistd.h>

#include "distributed/exchange/node_group.hpp"
#include "distributed/exchange/shared_matrix.hpp"
#include "io/config/json_text.hpp"
#include "io/files/commit.hpp"
#include "jobs/run/stop_requests.hpp"
#include "jobs/run/threads.hpp"
#include "kernels/dense/simd_target.hpp"
#include "kernels/process/process_memory.hpp"
#include "kernels/process/small_file.hpp"
#include "kernels/text/units.hpp"

namespace rankwise {

namespace {

using Json = nlohmann::ordered_json;

std::string thread_level_name() {
  int level = 0;
  check_mpi(MPI_Query_thread(&level), "MPI_Query_thread");
  if (level == MPI_THREAD_MULTIPLE) return "multiple";
  if (level == MPI_THREAD_SERIALIZED) return "serialized";
  return level == MPI_THREAD_FUNNELED ? "funneled" : "single";
}

/// As runs lock their checkpoints.
bool get_lock(const FileDescriptor& file) {
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  return file.is_open() && fcntl(file.get(), F_OFD_SETLK, &whole) == 0;
}

/// Whether no other rank gets a lock that the root holds.
bool try_lock(const Communicator& comm, const std::string& path) {
  FileDescriptor file;
  bool mine = true;
  if (comm.is_root()) {
    file = FileDescriptor(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    mine = get_lock(file);
  }
  comm.barrier();
  if (!comm.is_root()) {
    file = FileDescriptor(open(path.c_str(), O_RDWR | O_CLOEXEC));
    mine = file.is_open() && !get_lock(file);
  }
  comm.barrier();
  if (comm.is_root()) unlink(path.c_str());
  return comm.min(Index{mine}) == 1;
}

/// Whether all ranks read at once what the root has committed.
bool try_rename(const Communicator& comm, const std::string& path) {
  constexpr std::string_view words = "all of it\n";
  write_text_in_rank_order(comm, path, comm.is_root() ? words : std::string_view());
  const bool mine = whole_file(path) == words;
  const bool all = comm.min(Index{mine}) == 1;
  if (comm.is_root()) unlink(path.c_str());
  return all;
}

bool try_window(const Communicator& comm, const NodeGroup& group) {
  try {
    SharedMatrix matrix(comm, group, group.comm.size(), 16);
    matrix.row(group.comm.rank())[0] = static_cast<float>(1 + group.comm.rank());
    matrix.settle(group);
    bool mine = true;
    for (Index r = 0; r < matrix.rows(); ++r) mine = mine && matrix.row(r)[0] == static_cast<float>(1 + r);
    matrix.settle(group);
    return comm.min(Index{mine}) == 1;
  } catch (const AgreedError&) {
    return false;
  }
}

void view_cores(const Communicator& comm, const NodeGroup& group, LaunchView& view) {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  const Index mine = sched_getaffinity(0, sizeof mask, &mask) == 0 ? CPU_COUNT(&mask) : 1;
  const Index together = visible_processors(group.comm);
  const Index sum = group.comm.sum(mine);
  view.min_cores = comm.min(mine);
  view.max_cores = comm.max(mine);
  view.quota = quota_of_node(group.comm).value_or(0);
  view.node_cores = processors_of_node(group.comm);
  // Unbound ranks all see all cores; bound ones should see each its own.
  const bool is_bound = together < static_cast<Index>(std::thread::hardware_concurrency());
  view.bound_alike = comm.max(Index{is_bound && group.comm.size() > 1 && sum > together}) == 1;
}

void view_memory(const Communicator& comm, LaunchView& view) {
  struct statvfs space {};
  const bool is_there = statvfs("/dev/shm", &space) == 0;
  view.shared_memory_bytes =
      comm.min(is_there ? static_cast<Index>(space.f_bavail) * static_cast<Index>(space.f_frsize) : Index{0});
  view.memory_bytes = comm.min(machine_memory_bytes());
}

/// The root's file `ready` tells that the ranks listen.
std::string wait_for_signal(const Communicator& comm, const std::string& directory, double seconds) {
  StopRequests requests(seconds, std::chrono::steady_clock::now());
  comm.barrier();
  if (comm.is_root()) std::ofstream(directory + "/ready") << "\n";
  while (requests.agreed(comm, 0) == StopRequest::none) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  return requests.reason().starts_with("SIG") ? requests.reason() : "";
}

}  // namespace

LaunchView view_launch(JobContext& context, const std::string& directory, double signal_seconds) {
  const Communicator& comm = context.comm;
  const NodeGroup group = NodeGroup::of_nodes(comm);
  LaunchView view;
  view.ranks = comm.size();
  view.nodes = group.map.nodes();
  view.most_ranks_per_node = comm.max(Index{group.comm.size()});
  view_cores(comm, group, view);
  view.threads = context.common.threads;
  view.thread_level = thread_level_name();
  view.simd_target = kernels::simd_target();
  view_memory(comm, view);
  view.window_works = try_window(comm, group);
  const std::string name =
      fmt::format("{}/.rankwise-doctor-{}", directory, comm.max(Index{comm.is_root() ? getpid() : 0}));
  view.rename_works = try_rename(comm, name + ".renamed");
  view.lock_works = try_lock(comm, name + ".lock");
  if (signal_seconds > 0) view.signal = wait_for_signal(comm, directory, signal_seconds);
  return view;
}

std::string to_json(const LaunchView& view) {
  return json_text(Json{{"ranks", view.ranks},
                        {"nodes", view.nodes},
                        {"most_ranks_per_node", view.most_ranks_per_node},
                        {"min_cores", view.min_cores},
                        {"max_cores", view.max_cores},
                        {"node_cores", view.node_cores},
                        {"quota", view.quota},
                        {"bound_alike", view.bound_alike},
                        {"threads", view.threads},
                        {"thread_level", view.thread_level},
                        {"simd_target", view.simd_target},
                        {"shared_memory_bytes", view.shared_memory_bytes},
                        {"memory_bytes", view.memory_bytes},
                        {"window_works", view.window_works},
                        {"lock_works", view.lock_works},
                        {"rename_works", view.rename_works},
                        {"signal", view.signal}},
                   one_line);
}

std::optional<LaunchView> launch_view_from_json(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("signal")) return std::nullopt;
  LaunchView view;
  json.at("ranks").get_to(view.ranks);
  json.at("nodes").get_to(view.nodes);
  json.at("most_ranks_per_node").get_to(view.most_ranks_per_node);
  json.at("min_cores").get_to(view.min_cores);
  json.at("max_cores").get_to(view.max_cores);
  json.at("node_cores").get_to(view.node_cores);
  json.at("quota").get_to(view.quota);
  json.at("bound_alike").get_to(view.bound_alike);
  json.at("threads").get_to(view.threads);
  json.at("thread_level").get_to(view.thread_level);
  json.at("simd_target").get_to(view.simd_target);
  json.at("shared_memory_bytes").get_to(view.shared_memory_bytes);
  json.at("memory_bytes").get_to(view.memory_bytes);
  json.at("window_works").get_to(view.window_works);
  json.at("lock_works").get_to(view.lock_works);
  json.at("rename_works").get_to(view.rename_works);
  json.at("signal").get_to(view.signal);
  return view;
}

std::vector<Finding> findings_of(const LaunchView& view) {
  std::vector<Finding> findings;
  const auto add = [&findings](std::string check, Verdict verdict, std::string found, std::string advice) {
    findings.push_back(
        {std::move(check), verdict, std::move(found), verdict == Verdict::fine ? "" : std::move(advice)});
  };
  const Index wanted = view.threads * view.most_ranks_per_node;
  add("cores", view.bound_alike || wanted > view.node_cores ? Verdict::warning : Verdict::fine,
      fmt::format("{} to {} visible to a rank, {} on the node{} for {} times {} threads{}", view.min_cores,
                  view.max_cores, view.node_cores, view.quota > 0 ? " (a quota of control groups)" : "",
                  view.most_ranks_per_node, view.threads,
                  view.bound_alike ? "; ranks are bound to the same cores" : ""),
      view.bound_alike ? "srun --cpu-bind=cores --cpus-per-task=N, or mpirun --bind-to none"
                       : "fewer --threads, or fewer ranks on a node: they would take turns");
  add("MPI threads", Verdict::fine, fmt::format("thread level {}", view.thread_level), "");
  add("SIMD", view.simd_target == "portable" ? Verdict::warning : Verdict::fine, view.simd_target,
      "this processor has none of avx2, avx512 and neon: expect a quarter of the speed");
  constexpr Index least_shared_bytes = Index{64} << 20;
  const bool has_room = view.shared_memory_bytes >= std::max(least_shared_bytes, view.memory_bytes / 8);
  add("shared memory", has_room ? Verdict::fine : Verdict::warning,
      fmt::format("/dev/shm has {} free, the node {} of memory",
                  bytes_text(static_cast<double>(view.shared_memory_bytes)),
                  bytes_text(static_cast<double>(view.memory_bytes))),
      "mount -o remount,size=50% /dev/shm (containers: --shm-size); else ranks of a node do not share what they "
      "gather");
  add("shared windows", view.window_works ? Verdict::fine : Verdict::warning,
      view.window_works ? "what a rank writes, the others of its node read" : "MPI_Win_allocate_shared does not work",
      "run with --node-sharing off");
  const std::string where = fmt::format("over {} rank{} on {} node{}", view.ranks, view.ranks == 1 ? "" : "s",
                                        view.nodes, view.nodes == 1 ? "" : "s");
  add("rename", view.rename_works ? Verdict::fine : Verdict::fault,
      fmt::format("renamed files are {} {}", view.rename_works ? "read" : "not read by all", where),
      "use a directory on a file system that all nodes share");
  add("file locks", view.lock_works ? Verdict::fine : Verdict::warning,
      fmt::format("locks {} {}", view.lock_works ? "hold" : "do not hold", where),
      "mount with locks (Lustre: -o flock; NFS: without nolock), or never start two runs with one --checkpoint");
  return findings;
}

}  // namespace rankwise
