#include "io/text/line_reader.hpp"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <limits>

#include "kernels/base/error.hpp"

namespace rankwise {

namespace {
constexpr std::size_t first_block_bytes = std::size_t{64} << 10;  // also beyond the end of a range
constexpr std::size_t largest_block_bytes = std::size_t{4} << 20;
constexpr std::size_t longest_line = std::size_t{16} << 20;
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
}  // namespace

LineReader::LineReader(const std::string& path, const FileKind& kind)
    : source_(open_text(path, kind)),
      line_end_(kind.line_end),
      block_bytes_(first_block_bytes),
      end_(std::numeric_limits<Index>::max()) {}

LineReader::LineReader(const std::string& path, const FileKind& kind, Index begin, Index end)
    : line_end_(kind.line_end), block_bytes_(first_block_bytes), end_(end) {
  offset_ = begin;
  if (begin >= end) return;  // an empty range needs no file
  if (begin == 0) {
    source_ = open_shared(path, kind, 0);
  } else {
    // One byte early: the range begins with a whole line exactly if that byte ends the line before.
    source_ = open_shared(path, kind, begin - 1);
    offset_ = begin - 1;
    skip_partial_line();
  }
}

bool LineReader::fill() {
  if (place_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + place_, filled_ - place_);
    filled_ -= place_;
    place_ = 0;
  }
  // Blocks grow: who wants only the first lines of a file, or the end of one line beyond a range, reads little.
  const Index ahead = end_ - (offset_ + static_cast<Index>(filled_));
  const auto block = static_cast<Index>(block_bytes_);
  const auto wanted = static_cast<std::size_t>(std::clamp(ahead, static_cast<Index>(first_block_bytes), block));
  block_bytes_ = std::min(2 * block_bytes_, largest_block_bytes);
  if (buffer_.size() < filled_ + wanted) buffer_.resize(filled_ + wanted);
  std::size_t got = 0;
  try {
    got = source_->read(buffer_.data() + filled_, wanted);
  } catch (const Error&) {
    check_unchanged();  // a packed file that changes looks damaged
    throw;
  }
  filled_ += got;
  return got > 0;
}

void LineReader::skip_partial_line() {
  // Also beyond the range, if the line is no longer than a line may be: the line after it may be asked for.
  while (fill()) {
    const void* const newline = std::memchr(buffer_.data(), line_end_, filled_);
    const std::size_t skipped =
        newline == nullptr ? filled_ : static_cast<std::size_t>(static_cast<const char*>(newline) - buffer_.data()) + 1;
    place_ = skipped;
    offset_ += static_cast<Index>(skipped);
    if (newline != nullptr || offset_ >= end_ + static_cast<Index>(longest_line)) return;
  }
}

/// Where, from place_ on, `wanted` is first found at `from` or later; none if the file or the longest line ends before.
std::optional<std::size_t> LineReader::find(char wanted, std::size_t from) {
  while (true) {
    const std::size_t begin = place_ + from;
    const void* const found = begin >= filled_ ? nullptr : std::memchr(buffer_.data() + begin, wanted, filled_ - begin);
    if (found != nullptr) return static_cast<std::size_t>(static_cast<const char*>(found) - (buffer_.data() + place_));
    from = std::max(from, filled_ - place_);
    if (filled_ - place_ > longest_line || !fill()) return std::nullopt;
  }
}

std::string_view LineReader::take_line(std::size_t length, std::size_t end_bytes) {
  std::string_view line(buffer_.data() + place_, length);
  last_bytes_ = length + end_bytes;
  last_skipped_ = 0;
  if (line.starts_with(byte_order_mark)) {  // also where files were joined
    line.remove_prefix(byte_order_mark.size());
    last_skipped_ = byte_order_mark.size();
  }
  if (line.ends_with('\r')) line.remove_suffix(1);
  place_ += last_bytes_;
  offset_ += static_cast<Index>(last_bytes_);
  ++lines_;
  return line;
}

void LineReader::check_unchanged() const {
  if (source_) source_->check_unchanged();
}

std::optional<std::string_view> LineReader::next() {
  if (offset_ >= end_) {
    check_unchanged();
    return std::nullopt;
  }
  lines_before_last_ = lines_;
  if (const auto newline = find(line_end_, 0)) return take_line(*newline, 1);
  const std::size_t rest = filled_ - place_;
  if (rest > longest_line) {
    throw Error(ExitCode::bad_data, fmt::format("a line is longer than {} MiB", longest_line >> 20));
  }
  if (rest > 0) return take_line(rest, 0);
  check_unchanged();
  return std::nullopt;
}

std::optional<std::string_view> LineReader::grow_past_quote(std::size_t quote) {
  place_ -= last_bytes_;
  offset_ -= static_cast<Index>(last_bytes_);
  lines_ = lines_before_last_;
  std::optional<std::size_t> close = find('"', last_skipped_ + quote + 1);
  while (close) {
    const std::size_t after = *close + 1;
    if (place_ + after == filled_ && !fill()) break;
    if (buffer_[place_ + after] != '"') break;
    close = find('"', after + 1);
  }
  if (!close) return std::nullopt;
  const std::optional<std::size_t> newline = find(line_end_, *close + 1);
  if (!newline && filled_ - place_ > longest_line) return std::nullopt;
  const std::size_t length = newline.value_or(filled_ - place_);
  lines_ += std::count(buffer_.data() + place_, buffer_.data() + place_ + length, line_end_);
  return take_line(length, newline ? 1 : 0);
}

}  // namespace rankwise
