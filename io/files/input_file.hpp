#pragma once
// A file that is open for reading.

#include <memory>
#include <string>

#include "io/files/file_version.hpp"
#include "kernels/base/types.hpp"
#include "kernels/process/file_descriptor.hpp"

namespace rankwise {

/// A regular file. Errors are without the file's name.
class InputFile {
 public:
  /// Throws Error(no_input) for anything but a regular file that one may read.
  explicit InputFile(const std::string& path);
  /// A file that was opened before; throws also Error(io_error) if it has changed since, or is another one now.
  InputFile(const std::string& path, const FileVersion& expected);

  /// As it was opened, first of all.
  [[nodiscard]] const FileVersion& version() const { return version_; }

  /// Up to `size` bytes from `offset` on; 0 at the end only. Throws Error(io_error, no_input), also where the file ends
  /// earlier than it did when it was opened.
  [[nodiscard]] std::size_t read_at(Index offset, char* to, std::size_t size) const;

  /// Throws Error(io_error) with the figures if the file was written to since it was opened.
  void check_unchanged() const;

 private:
  FileDescriptor descriptor_;
  FileVersion version_;
};

/// As the constructor, with the file's name in errors.
[[nodiscard]] std::shared_ptr<const InputFile> open_named(const std::string& path);

}  // namespace rankwise
