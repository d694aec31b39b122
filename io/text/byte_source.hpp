#pragma once
// Streams of bytes: plain files, and the unpacked bytes of gzip and zstd.

#include <cstddef>
#include <memory>
#include <string>

#include "io/files/file_version.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// A stream of bytes.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Up to `size` bytes to `to`; 0 at the end only. Throws Error(io_error, bad_data) without the file's name.
  virtual std::size_t read(char* to, std::size_t size) = 0;
  /// Throws Error(io_error), without the file's name, if the file was written to since it was opened.
  virtual void check_unchanged() const = 0;
};

/// Bytes of a file of `version` from `offset` on, by pread. Throws Error without the file's name: no_input, and
/// io_error if the file has changed.
[[nodiscard]] std::unique_ptr<ByteSource> open_plain(const std::string& path, const FileVersion& version, Index offset);
/// The unpacked bytes of a gzip or zstd file (any number of members), checksums and ends verified; of gzip from the
/// member on that begins at `offset` of the file.
[[nodiscard]] std::unique_ptr<ByteSource> open_gzip(const std::string& path, const FileVersion& version);
[[nodiscard]] std::unique_ptr<ByteSource> open_zstd(const std::string& path, const FileVersion& version);

}  // namespace rankwise
