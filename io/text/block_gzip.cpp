#include "io/text/block_gzip.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "io/files/input_file.hpp"

namespace rankwise {

namespace {

constexpr std::size_t header_bytes = 18;
constexpr std::size_t size_bytes = 4;  // at the end of a member: the bytes of its text
constexpr Index least_block_bytes = header_bytes + 8;
constexpr Index most_text_bytes = Index{1} << 16;

Index little_endian(std::string_view bytes) {
  Index number = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) number = number << 8 | static_cast<unsigned char>(bytes[i]);
  return number;
}

/// Goes from block to block, by their ends alone.
class BlockWalk {
 public:
  BlockWalk(const std::string& path, const FileVersion& version) : file_(path, version), bytes_(version.bytes) {
    has_block_ = read_header(read(0, header_bytes));
  }

  /// Whether the walk is at a block whose end is in the file.
  [[nodiscard]] bool has_block() const { return has_block_; }
  [[nodiscard]] bool at_end() const { return begin_ == bytes_; }
  [[nodiscard]] Index begin() const { return begin_; }
  /// Of the blocks before this one.
  [[nodiscard]] Index text_before() const { return text_before_; }
  [[nodiscard]] Index text_bytes() const { return text_bytes_; }

  void advance() {
    begin_ += block_bytes_;
    text_before_ += text_bytes_;
    has_block_ = read_header(std::string_view(bytes_read_).substr(size_bytes));
  }

 private:
  std::string_view read(Index offset, std::size_t size) {
    bytes_read_.resize(size);
    std::size_t filled = 0;
    while (filled < size && offset + static_cast<Index>(filled) < bytes_) {
      const std::size_t got =
          file_.read_at(offset + static_cast<Index>(filled), bytes_read_.data() + filled, size - filled);
      if (got == 0) break;
      filled += got;
    }
    bytes_read_.resize(filled);
    return bytes_read_;
  }

  /// Takes the block that begins with `header`, and reads its end together with the header of the next one.
  bool read_header(std::string_view header) {
    using namespace std::string_view_literals;
    if (header.size() < header_bytes || !header.starts_with("\x1F\x8B\x08\x04"sv) ||
        header.substr(10, 6) != "\6\0BC\2\0"sv) {
      return false;
    }
    block_bytes_ = little_endian(header.substr(16, 2)) + 1;
    if (block_bytes_ < least_block_bytes || begin_ + block_bytes_ > bytes_) return false;
    const std::string_view end =
        read(begin_ + block_bytes_ - static_cast<Index>(size_bytes), size_bytes + header_bytes);
    if (end.size() < size_bytes) return false;
    text_bytes_ = little_endian(end.substr(0, size_bytes));
    return text_bytes_ <= most_text_bytes;
  }

  InputFile file_;
  Index bytes_;
  std::string bytes_read_;
  bool has_block_ = false;
  Index begin_ = 0;
  Index block_bytes_ = 0;
  Index text_bytes_ = 0;
  Index text_before_ = 0;
};

}  // namespace

std::optional<Index> bytes_of_blocks(const std::string& path, const FileVersion& version) {
  BlockWalk walk(path, version);
  while (walk.has_block()) walk.advance();
  return walk.at_end() ? std::optional(walk.text_before()) : std::nullopt;
}

std::unique_ptr<ByteSource> open_blocks(const std::string& path, const FileVersion& version, Index offset) {
  BlockWalk walk(path, version);
  while (walk.has_block() && walk.text_before() + walk.text_bytes() <= offset) walk.advance();
  std::unique_ptr<ByteSource> source = open_gzip(path, version, walk.begin());
  std::vector<char> skipped(static_cast<std::size_t>(most_text_bytes));
  for (Index left = offset - walk.text_before(); left > 0;) {
    const std::size_t got = source->read(skipped.data(), static_cast<std::size_t>(std::min(left, most_text_bytes)));
    if (got == 0) break;
    left -= static_cast<Index>(got);
  }
  return source;
}

}  // namespace rankwise
