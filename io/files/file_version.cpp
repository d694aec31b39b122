#include "io/files/file_version.hpp"

#include <cerrno>
#include <cstring>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <functional>
#include <string>
#include <sys/stat.h>
#include <vector>

#include "kernels/base/error.hpp"
#include "kernels/process/host_name.hpp"

namespace rankwise {

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

std::string time_text(std::int64_t ns) {
  std::int64_t seconds = ns / second_ns;
  if (ns % second_ns < 0) --seconds;
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:09}Z", fmt::gmtime(static_cast<std::time_t>(seconds)),
                     ns - seconds * second_ns);
}

/// What differs, in figures.
std::string difference(const FileVersion& before, const char* where_before, const FileVersion& now,
                       const char* where_now) {
  if (before.bytes != now.bytes) {
    return fmt::format("{} bytes {}, {} bytes {}", before.bytes, where_before, now.bytes, where_now);
  }
  if (before.modified_ns != now.modified_ns) {
    return fmt::format("{} bytes {} and {}, but modified {} {}, {} {}", now.bytes, where_before, where_now,
                       time_text(before.modified_ns), where_before, time_text(now.modified_ns), where_now);
  }
  return fmt::format("{} bytes {} and {}, but inode {} {}, {} {}", now.bytes, where_before, where_now, before.inode,
                     where_before, now.inode, where_now);
}

}  // namespace

FileVersion version_of(int descriptor) {
  struct stat status {};
  if (fstat(descriptor, &status) != 0) throw Error(ExitCode::io_error, std::strerror(errno));
  static const std::uint64_t node = std::hash<std::string>()(host_name());
  return {.bytes = status.st_size,
          .modified_ns = status.st_mtim.tv_sec * second_ns + status.st_mtim.tv_nsec,
          .device = status.st_dev,
          .inode = status.st_ino,
          .node = node};
}

bool is_same(const FileVersion& before, const FileVersion& now) {
  if (before.bytes != now.bytes) return false;
  if (before.node != now.node && before.inode != now.inode) return true;
  return before.inode == now.inode && before.modified_ns == now.modified_ns &&
         (before.node != now.node || before.device == now.device);
}

void check_same(const FileVersion& before, const FileVersion& now) {
  if (is_same(before, now)) return;
  throw Error(ExitCode::io_error, fmt::format("changed while it was read: {}; run again when the file is complete",
                                              difference(before, "before", now, "after")));
}

void agree_on_version(const Communicator& comm, const std::string& path, const FileVersion& mine) {
  std::vector<FileVersion> root{mine};
  comm.broadcast(root);
  agree_on(comm, [&] {
    if (is_same(root.front(), mine)) return;
    const std::string here = fmt::format("on rank {}", comm.rank());
    throw Error(ExitCode::io_error, fmt::format("{}: ranks have opened different files: {}", path,
                                                difference(root.front(), "on rank 0", mine, here.c_str())));
  });
}

}  // namespace rankwise
