#include "io/text/block_gzip.hpp"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <string>
#include <string_view>
#include <zlib.h>

#include "io/files/input_file.hpp"
#include "kernels/base/error.hpp"

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
  [[nodiscard]] Index block_bytes() const { return block_bytes_; }
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

/// Unpacks block by block, and gives text of a block only if all of it is sound and as long as the block says: where a
/// rank's range begins follows from these lengths, so that no line may be lost or read twice by a wrong one.
class BlockSource : public ByteSource {
 public:
  BlockSource(const std::string& path, const FileVersion& version, Index offset)
      : file_(path, version), walk_(path, version) {
    constexpr int gzip_window_bits = 15 + 16;  // the largest window; 16 asks for a gzip wrapper
    if (inflateInit2(&stream_, gzip_window_bits) != Z_OK) throw Error(ExitCode::internal, "zlib does not start");
    while (walk_.has_block() && walk_.text_before() + walk_.text_bytes() <= offset) walk_.advance();
    skipped_ = static_cast<std::size_t>(offset - walk_.text_before());
  }
  ~BlockSource() override { inflateEnd(&stream_); }
  BlockSource(const BlockSource&) = delete;
  BlockSource& operator=(const BlockSource&) = delete;

  std::size_t read(char* to, std::size_t size) override {
    while (place_ == text_.size()) {
      if (walk_.at_end()) return 0;
      unpack();
      walk_.advance();
    }
    const std::size_t got = std::min(size, text_.size() - place_);
    std::memcpy(to, text_.data() + place_, got);
    place_ += got;
    return got;
  }
  void check_unchanged() const override { file_.check_unchanged(); }

 private:
  /// The text of the block that the walk is at.
  void unpack() {
    if (!walk_.has_block()) throw Error(ExitCode::bad_data, "gzip stream is corrupt (a block's header is wrong)");
    packed_.resize(static_cast<std::size_t>(walk_.block_bytes()));
    for (std::size_t filled = 0; filled < packed_.size();) {
      const std::size_t got =
          file_.read_at(walk_.begin() + static_cast<Index>(filled), packed_.data() + filled, packed_.size() - filled);
      if (got == 0) throw Error(ExitCode::bad_data, "gzip stream ends early");
      filled += got;
    }
    text_.resize(static_cast<std::size_t>(most_text_bytes));
    inflateReset(&stream_);
    stream_.next_in = reinterpret_cast<Bytef*>(packed_.data());
    stream_.avail_in = static_cast<uInt>(packed_.size());
    stream_.next_out = reinterpret_cast<Bytef*>(text_.data());
    stream_.avail_out = static_cast<uInt>(text_.size());
    if (inflate(&stream_, Z_FINISH) != Z_STREAM_END || stream_.avail_in > 0) {
      throw Error(ExitCode::bad_data, fmt::format("gzip stream is corrupt ({})",
                                                  stream_.msg != nullptr ? stream_.msg : "a block's size is wrong"));
    }
    text_.resize(text_.size() - stream_.avail_out);  // as long as the block says: zlib compares
    place_ = skipped_;
    skipped_ = 0;
  }

  InputFile file_;
  BlockWalk walk_;
  z_stream stream_{};
  std::string packed_;
  std::string text_;
  std::size_t place_ = 0;    ///< in text_, of what is read next
  std::size_t skipped_ = 0;  ///< of the first block
};

}  // namespace

std::optional<Index> bytes_of_blocks(const std::string& path, const FileVersion& version) {
  BlockWalk walk(path, version);
  while (walk.has_block()) walk.advance();
  return walk.at_end() ? std::optional(walk.text_before()) : std::nullopt;
}

std::unique_ptr<ByteSource> open_blocks(const std::string& path, const FileVersion& version, Index offset) {
  return std::make_unique<BlockSource>(path, version, offset);
}

}  // namespace rankwise
