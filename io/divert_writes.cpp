#include "io/divert_writes.hpp"

#include <charconv>
#include <filesystem>
#include <sys/mman.h>
#include <system_error>
#include <unistd.h>
#include <vector>

#include "distributed/file_descriptor.hpp"

namespace rankwise {

namespace {

namespace fs = std::filesystem;

std::vector<int> descriptors_of(const std::string& path) {
  std::error_code error;
  const std::string target = fs::weakly_canonical(fs::absolute(path), error).string();
  std::vector<int> found;
  for (const fs::directory_entry& entry : fs::directory_iterator("/proc/self/fd", error)) {
    // "(deleted)" may follow where somebody has removed the file.
    const std::string opened = fs::read_symlink(entry.path(), error).string();
    const std::string name = entry.path().filename().string();
    int number = -1;
    std::from_chars(name.data(), name.data() + name.size(), number);
    if (number >= 0 && opened.starts_with(target)) found.push_back(number);
  }
  return found;
}

}  // namespace

void divert_writes(const std::string& path) {
  for (const int number : descriptors_of(path)) {
    const FileDescriptor memory(memfd_create("diverted", MFD_CLOEXEC));
    if (memory.is_open()) dup2(memory.get(), number);
  }
}

}  // namespace rankwise
