#pragma once
// Lines of a plain or gzip file in blocks of a few MiB; never the whole file in memory.

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/types.hpp"

namespace rankwise {

/// A stream of bytes.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Up to `size` bytes to `to`; 0 at the end only. Throws Error(io_error, bad_data) without the file's name.
  virtual std::size_t read(char* to, std::size_t size) = 0;
};

/// Bytes of an open file from `offset` on, by pread. Throws Error(no_input) without the file's name.
[[nodiscard]] std::unique_ptr<ByteSource> open_plain(const std::string& path, Index offset);
/// The inflated bytes of a gzip file (any number of members), checksums verified, ends verified.
[[nodiscard]] std::unique_ptr<ByteSource> open_gzip(const std::string& path);

/// What kind of file a path is. Throws Error(no_input) without the file's name unless it is a regular file one may
/// read.
struct FileKind {
  Index bytes = 0;
  bool gzip = false;     ///< by its first bytes, not by its name
  char line_end = '\n';  ///< '\r' where the beginning holds no other, as files of old Macs do
};
[[nodiscard]] FileKind probe_file(const std::string& path);

/// Lines in order, without their ends ("\n" or "\r\n", or "\r" alone); the last one may lack it. A line longer than 16
/// MiB is bad data.
class LineReader {
 public:
  /// All lines.
  LineReader(const std::string& path, const FileKind& kind);
  /// The lines of a plain file whose first byte lies in [begin, end). `begin` is 0, or any byte after the first line's
  /// first.
  LineReader(const std::string& path, Index begin, Index end, char line_end);

  /// The next line, valid until the next call; none at the end.
  std::optional<std::string_view> next();
  /// Lines returned so far.
  [[nodiscard]] Index lines() const { return lines_; }
  /// Where the next line begins, in uncompressed bytes.
  [[nodiscard]] Index offset() const { return offset_; }

 private:
  bool fill();
  std::string_view take_line(std::size_t length, std::size_t end_bytes);
  void skip_partial_line();

  std::unique_ptr<ByteSource> source_;
  char line_end_;
  std::vector<char> buffer_;
  std::size_t block_bytes_;  // to read next
  std::size_t place_ = 0;    // next line in buffer_
  std::size_t filled_ = 0;   // bytes in buffer_
  Index offset_ = 0;         // of place_
  Index end_;                // lines that begin here or later belong to others
  Index lines_ = 0;
};

}  // namespace rankwise
