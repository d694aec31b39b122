#pragma once
// A file that is open for reading.

#include <string>

#include "kernels/types.hpp"

namespace rankwise {

/// Errors are without the file's name.
class InputFile {
 public:
  /// Throws Error(no_input).
  explicit InputFile(const std::string& path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  /// Up to `size` bytes from `offset` on; 0 at the end only. Throws Error(io_error, no_input).
  [[nodiscard]] std::size_t read_at(Index offset, char* to, std::size_t size) const;

 private:
  int descriptor_;
};

}  // namespace rankwise
