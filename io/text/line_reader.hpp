#pragma once
// Lines of a text file in blocks of a few MiB; never the whole file in memory.

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/text/file_kind.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Lines in order, without their ends ("\n" or "\r\n", or "\r" alone) and without a byte order mark in front; the last
/// one may lack its end. A line longer than 16 MiB is bad data.
class LineReader {
 public:
  /// All lines.
  LineReader(const std::string& path, const FileKind& kind);
  /// The lines of a file that can be shared whose first byte lies in [begin, end). `begin` is 0, or any byte after the
  /// first line's first.
  LineReader(const std::string& path, const FileKind& kind, Index begin, Index end);

  /// The next line, valid until the next call; none at the end. Throws Error(bad_data, io_error) without the file's
  /// name; io_error also at the end, if the file has changed since it was probed; bad_data also at the end of a packed
  /// file, if its last bytes are damaged.
  std::optional<std::string_view> next();
  /// The last line again, grown over all line ends up to the end of the line on which the quote that opens at its byte
  /// `quote` is closed (a doubled quote does not close it). None if the file or 16 MiB end before; then the reader is
  /// of no more use.
  std::optional<std::string_view> grow_past_quote(std::size_t quote);
  /// Throws Error(io_error) if the file has changed since it was probed: what seems wrong in it may come from that.
  void check_unchanged() const;
  /// Lines passed so far.
  [[nodiscard]] Index lines() const { return lines_; }
  /// Where the next line begins, in uncompressed bytes.
  [[nodiscard]] Index offset() const { return offset_; }

 private:
  bool fill();
  std::optional<std::size_t> find(char wanted, std::size_t from);
  std::string_view take_line(std::size_t length, std::size_t end_bytes);
  void skip_partial_line();

  std::unique_ptr<ByteSource> source_;
  char line_end_;
  std::vector<char> buffer_;
  std::size_t block_bytes_;       // to read next
  std::size_t place_ = 0;         // next line in buffer_
  std::size_t filled_ = 0;        // bytes in buffer_
  std::size_t last_bytes_ = 0;    // of the last line, with its end
  std::size_t last_skipped_ = 0;  // of them, before its first sign
  Index offset_ = 0;              // of place_
  Index end_;                     // lines that begin here or later belong to others
  Index lines_ = 0;
  Index lines_before_last_ = 0;
};

}  // namespace rankwise
