#pragma once
// Owner of an open file or socket, and bytes to it that are all written, and last.

#include <string>
#include <string_view>
#include <utility>

namespace rankwise {

/// Owner of a POSIX file descriptor; -1 where open() failed.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int number) : number_(number) {}
  ~FileDescriptor();
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  FileDescriptor(FileDescriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }

  [[nodiscard]] int get() const { return number_; }
  [[nodiscard]] bool is_open() const { return number_ >= 0; }
  /// Closes now; false when the system reports, with errno, that data was lost.
  bool close_now();

 private:
  int number_ = -1;
};

/// Writes to an open file, pipe or terminal until all is written; an errno where that fails, else 0. Async-signal-safe.
[[nodiscard]] int write_whole(int descriptor, std::string_view text) noexcept;

/// Makes an open file durable, or a folder: what was renamed or created in it. An errno where that fails, else 0; file
/// systems that do not know the call for folders are no failure.
[[nodiscard]] int sync_to_disk(int descriptor) noexcept;

/// The same for a folder by its path.
[[nodiscard]] int sync_folder(const std::string& folder);

/// The folder of a file, "." if the path has none.
[[nodiscard]] std::string folder_of(const std::string& path);

}  // namespace rankwise
