#include "kernels/process/file_descriptor.hpp"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <poll.h>
#include <unistd.h>

namespace rankwise {

namespace {

/// Of a descriptor that others have made non-blocking: they may never read it.
constexpr int patience_milliseconds = 1000;

bool can_take_more(int descriptor) {
  pollfd target{.fd = descriptor, .events = POLLOUT, .revents = 0};
  return poll(&target, 1, patience_milliseconds) > 0;
}

}  // namespace

FileDescriptor::~FileDescriptor() {
  if (number_ >= 0) close(number_);
}

bool FileDescriptor::close_now() {
  const int number = std::exchange(number_, -1);
  return number < 0 || close(number) == 0;
}

int write_whole(int descriptor, std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t size = write(descriptor, text.data(), text.size());
    if (size >= 0) {
      text.remove_prefix(static_cast<std::size_t>(size));
    } else if (errno == EAGAIN) {
      if (!can_take_more(descriptor)) return EAGAIN;
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

int sync_to_disk(int descriptor) noexcept {
  while (fsync(descriptor) != 0) {
    if (errno == EINVAL) return 0;
    if (errno != EINTR) return errno;
  }
  return 0;
}

int sync_folder(const std::string& folder) {
  const FileDescriptor opened(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return opened.is_open() ? sync_to_disk(opened.get()) : errno;
}

std::string folder_of(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  return folder.empty() ? "." : folder.string();
}

}  // namespace rankwise
