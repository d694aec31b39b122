#include "distributed/exchange/shared_matrix.hpp"

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <fmt/format.h>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace rankwise {

namespace {

constexpr std::uintptr_t line_bytes = 64;
constexpr std::string_view way_out = "--node-sharing off does without";

/// Where Open MPI keeps shared windows.
std::string backing_directory() {
  const char* const chosen = std::getenv("OMPI_MCA_osc_sm_backing_directory");
  return chosen != nullptr ? chosen : "/dev/shm";
}

/// Takes the pages of [begin, end) now: where there are none left the first write would end the process (SIGBUS), and a
/// rank that touches them first has them near itself.
void take_pages(float* begin, float* end) {
  if (begin == end) return;
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  char* const pages = reinterpret_cast<char*>(begin) - reinterpret_cast<std::uintptr_t>(begin) % page;
  const auto bytes = static_cast<std::size_t>(reinterpret_cast<char*>(end) - pages);
  ::madvise(pages, bytes, MADV_HUGEPAGE);  // a wish
#ifdef MADV_POPULATE_WRITE
  if (::madvise(pages, bytes, MADV_POPULATE_WRITE) == 0) return;
  if (errno != EINVAL) {  // else a kernel before 5.14
    throw Error(ExitCode::internal, fmt::format("{} has no room left for the rows that ranks of a node share; {}",
                                                backing_directory(), way_out));
  }
#endif
  for (float* place = begin; place < end; place += page / sizeof(float)) *static_cast<volatile float*>(place) = 0;
  *static_cast<volatile float*>(end - 1) = 0;
}

}  // namespace

void require_shared_room(Index bytes) {
  constexpr Index margin = Index{16} << 20;  // for MPI itself
  const std::string directory = backing_directory();
  struct statvfs space {};
  if (::statvfs(directory.c_str(), &space) != 0) return;  // MPI finds another place, or says so
  const Index free_bytes = static_cast<Index>(space.f_bavail) * static_cast<Index>(space.f_frsize);
  if (free_bytes >= bytes + margin) return;
  throw Error(ExitCode::internal, fmt::format("{} has {} MiB free; the rows that ranks of a node share take {} MiB",
                                              directory, free_bytes >> 20, (bytes + margin) >> 20));
}

SharedMatrix::SharedMatrix(const Communicator& comm, const NodeGroup& group, Index rows, Index columns) {
  const bool is_alone = group.comm.size() == 1;
  if (is_alone) {
    own_ = Matrix(rows, columns);
    view_ = own_.view();
    if (!group.map.is_shared()) return;
  } else {
    view_ = {nullptr, rows, columns, padded_columns(columns)};
  }
  const auto bytes = static_cast<Index>(sizeof(float)) * view_.rows * view_.stride;
  agree_on(comm, [&] {
    if (is_alone) return;
    try {
      require_shared_room(bytes);
    } catch (const Error& error) {
      throw Error(error.code(), fmt::format("{}; {}", error.what(), way_out));
    }
  });
  std::optional<Error> failure;
  try {
    if (!is_alone) allocate(group, static_cast<std::size_t>(bytes));
  } catch (const Error& error) {
    failure = error;
  }
  agree(comm, failure);
  agree_on(comm, [&] {
    if (is_alone) return;
    const RowRange mine = group.share(rows);
    take_pages(view_.row(mine.begin), view_.row(mine.end));
  });
}

void SharedMatrix::allocate(const NodeGroup& group, std::size_t bytes) {
  void* base = nullptr;
  const MPI_Aint size = group.comm.is_root() ? static_cast<MPI_Aint>(bytes + line_bytes) : 0;
  check_mpi(MPI_Win_allocate_shared(size, 1, MPI_INFO_NULL, group.comm.handle(), &base, &window_),
            "MPI_Win_allocate_shared");
  check_mpi(MPI_Win_set_errhandler(window_, MPI_ERRORS_RETURN), "MPI_Win_set_errhandler");
  MPI_Aint queried_size = 0;
  int unit = 0;
  check_mpi(MPI_Win_shared_query(window_, 0, &queried_size, &unit, &base), "MPI_Win_shared_query");
  check_mpi(MPI_Win_lock_all(MPI_MODE_NOCHECK, window_), "MPI_Win_lock_all");
  // Open MPI aligns to 8 bytes. Ranks map whole pages, so all of them skip as much.
  const std::uintptr_t skipped = -reinterpret_cast<std::uintptr_t>(base) % line_bytes;
  view_.data = reinterpret_cast<float*>(static_cast<char*>(base) + skipped);
}

SharedMatrix::~SharedMatrix() {
  if (window_ == MPI_WIN_NULL || std::uncaught_exceptions() > 0) return;
  MPI_Win_unlock_all(window_);
  MPI_Win_free(&window_);
}

void SharedMatrix::settle(const NodeGroup& group) const {
  if (window_ == MPI_WIN_NULL) return;
  check_mpi(MPI_Win_sync(window_), "MPI_Win_sync");
  group.comm.barrier();
  check_mpi(MPI_Win_sync(window_), "MPI_Win_sync");
}

void SharedMatrix::swap(SharedMatrix& other) noexcept {
  std::swap(own_, other.own_);
  std::swap(window_, other.window_);
  std::swap(view_, other.view_);
}

}  // namespace rankwise
