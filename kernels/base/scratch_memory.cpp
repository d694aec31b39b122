#include "kernels/base/scratch_memory.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <map>
#include <mutex>
#include <string_view>
#include <utility>

#ifdef __linux__
#include <malloc.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include <unistd.h>
#endif

#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20;
constexpr std::size_t least_array_bytes = mebibyte;
constexpr std::size_t page_bytes = 4096;

/// Of the process, as operator new is. Never destroyed: arrays may outlive all else.
struct Scratch {
  std::atomic<bool> is_active = false;
  std::atomic<std::size_t> arrays_in_files = 0;
  /// Of all below. Nothing is freed under it: operator delete may ask for it.
  std::mutex mutex;
  std::string folder;
  std::size_t budget_bytes = 0;
  std::map<void*, std::size_t> arrays;  ///< in files: their bytes
  std::size_t scratch_bytes = 0;
  ScratchMemory::Figures most;
  std::size_t refused_bytes = 0;
  int refused_error = 0;
};

Scratch& scratch() {
  static Scratch* const only = new Scratch;
  return *only;
}

/// Private memory that can be written to: the sixth number of proc(5)'s statm, in pages. Allocates nothing.
std::size_t private_bytes() noexcept {
  const int file = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  std::array<char, 256> text{};
  const ssize_t size = ::read(file, text.data(), text.size() - 1);
  ::close(file);
  const char* next = text.data();
  std::size_t pages = 0;
  for (int field = 0; field < 6 && size > 0; ++field) {
    char* end = nullptr;
    pages = std::strtoull(next, &end, 10);
    next = end;
  }
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

/// A file without a name; -1, and errno.
int open_file(const std::string& folder) noexcept {
  const int file = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
  if (file >= 0 || (errno != EOPNOTSUPP && errno != EISDIR)) return file;
  // File systems that know no such files.
  std::array<char, 4096> path{};
  constexpr std::string_view name = "/.rankwise-scratch-XXXXXX";
  if (folder.size() + name.size() >= path.size()) return -1;
  std::ranges::copy(name, std::ranges::copy(folder, path.begin()).out);
  const int named = ::mkostemp(path.data(), O_CLOEXEC);
  if (named >= 0) ::unlink(path.data());
  return named;
}

/// Room is secured: a page that finds none when it is written would end the process. nullptr, and errno.
void* map_file(const std::string& folder, std::size_t bytes) noexcept {
  const int file = open_file(folder);
  if (file < 0) return nullptr;
  const int error = ::posix_fallocate(file, 0, static_cast<off_t>(bytes));
  void* const memory = error == 0 ? ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) : MAP_FAILED;
  const int cause = error != 0 ? error : errno;
  ::close(file);  // the map keeps it
  errno = cause;
  return memory == MAP_FAILED ? nullptr : memory;
}

bool is_page(const void* memory) {
  return reinterpret_cast<std::uintptr_t>(memory) % page_bytes == 0;
}

}  // namespace

ScratchMemory::ScratchMemory(const std::string& folder, std::size_t budget_bytes) {
  Scratch& state = scratch();
  const std::size_t used = private_bytes();
  if (used == 0) throw Error(ExitCode::usage, "--memory-budget needs /proc/self/statm, which cannot be read here");
  if (used > budget_bytes / 2) {
    throw Error(ExitCode::usage,
                fmt::format("--memory-budget {} MiB: the program alone has {} MiB of it; expected {} MiB or more",
                            budget_bytes / mebibyte, used / mebibyte, 2 * used / mebibyte + 1));
  }
  const int file = open_file(folder);
  if (file < 0) {
    throw Error(ExitCode::cannot_create,
                fmt::format("--scratch {}: cannot create a file: {}", folder, std::strerror(errno)));
  }
  ::close(file);
  // Arrays that are freed go back to the system at once, whatever was freed before.
  ::mallopt(M_MMAP_THRESHOLD, static_cast<int>(least_array_bytes));
  std::string name = folder;
  const std::lock_guard lock(state.mutex);
  state.folder.swap(name);
  state.budget_bytes = budget_bytes;
  state.most = {.most_private_bytes = used};
  state.refused_bytes = 0;
  state.is_active = true;
}

ScratchMemory::~ScratchMemory() {
  scratch().is_active = false;
}

ScratchMemory::Figures ScratchMemory::figures() const {
  Scratch& state = scratch();
  const std::lock_guard lock(state.mutex);
  state.most.most_private_bytes = std::max(state.most.most_private_bytes, private_bytes());
  return state.most;
}

std::string ScratchMemory::refusal() const {
  Scratch& state = scratch();
  std::size_t bytes = 0;
  int error = 0;
  {
    const std::lock_guard lock(state.mutex);
    bytes = state.refused_bytes;
    error = state.refused_error;
  }
  if (bytes == 0) return {};
  return fmt::format("--scratch {}: no room for {} MiB more: {}", state.folder, (bytes + mebibyte - 1) / mebibyte,
                     std::strerror(error));
}

bool ScratchMemory::is_in_memory() const {
  constexpr auto tmpfs = 0x01021994;
  constexpr auto ramfs = 0x858458f6;
  struct statfs found {};
  if (::statfs(scratch().folder.c_str(), &found) != 0) return false;
  return found.f_type == tmpfs || found.f_type == ramfs;
}

std::optional<void*> allocate_scratch(std::size_t bytes, std::size_t alignment) noexcept {
  if (bytes < least_array_bytes || alignment > page_bytes) return std::nullopt;  // the state itself is small
  Scratch& state = scratch();
  if (!state.is_active) return std::nullopt;
  try {
    const std::lock_guard lock(state.mutex);
    const std::size_t used = private_bytes();
    state.most.most_private_bytes = std::max(state.most.most_private_bytes, used);
    if (used + bytes <= state.budget_bytes / 4 * 3) return std::nullopt;
    if (bytes > PTRDIFF_MAX) return nullptr;
    void* const memory = map_file(state.folder, bytes);
    if (memory == nullptr) {
      state.refused_error = errno;
      state.refused_bytes = bytes;
      return nullptr;
    }
    state.arrays.emplace(memory, bytes);
    ++state.arrays_in_files;
    state.scratch_bytes += bytes;
    state.most.most_scratch_bytes = std::max(state.most.most_scratch_bytes, state.scratch_bytes);
    return memory;
  } catch (...) {  // a node of the map
    return nullptr;
  }
}

bool free_scratch(void* memory) noexcept {
  Scratch& state = scratch();
  if (state.arrays_in_files == 0 || !is_page(memory)) return false;
  std::map<void*, std::size_t>::node_type array;
  {
    const std::lock_guard lock(state.mutex);
    array = state.arrays.extract(memory);
    if (array.empty()) return false;
    --state.arrays_in_files;
    state.scratch_bytes -= array.mapped();
  }
  ::munmap(memory, array.mapped());
  return true;
}

}  // namespace rankwise
