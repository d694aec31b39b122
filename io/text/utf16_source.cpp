// UTF-16 as UTF-8, for io/text/file_kind.hpp.
#include <array>
#include <utility>

#include "io/text/file_kind.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

class Utf16Source : public ByteSource {
 public:
  Utf16Source(std::unique_ptr<ByteSource> source, Encoding encoding)
      : source_(std::move(source)), high_byte_(encoding == Encoding::utf16_big ? 0 : 1) {}

  std::size_t read(char* to, std::size_t size) override {
    std::size_t given = 0;
    while (given < size) {
      if (next_ == ready_ && !decode_next()) break;
      while (next_ < ready_ && given < size) to[given++] = utf8_[next_++];
    }
    return given;
  }
  void check_unchanged() const override { source_->check_unchanged(); }

 private:
  /// One sign to utf8_; false at the end.
  bool decode_next() {
    const std::int32_t unit = next_unit();
    if (unit < 0) return false;
    auto sign = static_cast<std::uint32_t>(unit);
    if (sign >= 0xDC00 && sign <= 0xDFFF) refuse();
    if (sign >= 0xD800 && sign <= 0xDBFF) {
      const std::int32_t low = next_unit();
      if (low < 0xDC00 || low > 0xDFFF) refuse();
      sign = 0x10000 + ((sign - 0xD800) << 10) + (static_cast<std::uint32_t>(low) - 0xDC00);
    }
    encode(sign);
    return true;
  }

  void encode(std::uint32_t sign) {
    next_ = 0;
    ready_ = 0;
    const auto put = [&](std::uint32_t byte) { utf8_[ready_++] = static_cast<char>(byte); };
    const auto put_rest = [&](int shift) { put(0x80 | ((sign >> shift) & 0x3F)); };
    if (sign < 0x80) {
      put(sign);
    } else if (sign < 0x800) {
      put(0xC0 | (sign >> 6));
      put_rest(0);
    } else if (sign < 0x10000) {
      put(0xE0 | (sign >> 12));
      put_rest(6);
      put_rest(0);
    } else {
      put(0xF0 | (sign >> 18));
      put_rest(12);
      put_rest(6);
      put_rest(0);
    }
  }

  /// The next 16 bits, or -1 at the end.
  std::int32_t next_unit() {
    if (place_ + 1 >= filled_ && !fill()) return -1;
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(block_[place_ + i]); };
    const int unit = byte(high_byte_) << 8 | byte(1 - high_byte_);
    place_ += 2;
    return unit;
  }

  /// Whole units in block_; false at the end.
  bool fill() {
    std::size_t kept = 0;
    if (place_ < filled_) block_[kept++] = block_[place_];
    place_ = 0;
    filled_ = kept;
    while (filled_ < 2) {
      const std::size_t got = source_->read(block_.data() + filled_, block_.size() - filled_);
      if (got == 0) break;
      filled_ += got;
    }
    if (filled_ == 1) throw Error(ExitCode::bad_data, "is not UTF-16: it ends within a sign");
    return filled_ >= 2;
  }

  [[noreturn]] static void refuse() { throw Error(ExitCode::bad_data, "is not UTF-16: it holds a lone surrogate"); }

  std::unique_ptr<ByteSource> source_;
  std::size_t high_byte_;  // of a unit: its first or its second
  std::array<char, 65536> block_{};
  std::size_t place_ = 0;
  std::size_t filled_ = 0;
  std::array<char, 4> utf8_{};
  std::size_t next_ = 0;
  std::size_t ready_ = 0;
};

}  // namespace

std::unique_ptr<ByteSource> decoded_utf16(std::unique_ptr<ByteSource> source, Encoding encoding) {
  return std::make_unique<Utf16Source>(std::move(source), encoding);
}

}  // namespace rankwise
