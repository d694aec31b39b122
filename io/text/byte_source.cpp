#include "io/text/byte_source.hpp"

#include <fmt/format.h>
#include <vector>
#include <zlib.h>
#include <zstd.h>

#include "io/files/input_file.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

namespace {
constexpr std::size_t compressed_block_bytes = std::size_t{128} << 10;

class PlainSource : public ByteSource {
 public:
  PlainSource(const std::string& path, const FileVersion& version, Index offset)
      : file_(path, version), offset_(offset) {}
  std::size_t read(char* to, std::size_t size) override {
    const std::size_t got = file_.read_at(offset_, to, size);
    offset_ += static_cast<Index>(got);
    return got;
  }
  void check_unchanged() const override { file_.check_unchanged(); }

 private:
  InputFile file_;
  Index offset_;
};

class GzipSource : public ByteSource {
 public:
  GzipSource(const std::string& path, const FileVersion& version)
      : file_(path, version), compressed_(compressed_block_bytes) {
    if (inflateInit2(&stream_, gzip_window_bits) != Z_OK) throw Error(ExitCode::internal, "zlib does not start");
  }
  ~GzipSource() override { inflateEnd(&stream_); }
  GzipSource(const GzipSource&) = delete;
  GzipSource& operator=(const GzipSource&) = delete;

  std::size_t read(char* to, std::size_t size) override {
    stream_.next_out = reinterpret_cast<Bytef*>(to);
    stream_.avail_out = static_cast<uInt>(size);
    while (!corrupt_ && stream_.avail_out > 0 && more_input()) {
      if (between_members_ && !begin_member()) continue;
      const int status = inflate(&stream_, Z_NO_FLUSH);
      if (status == Z_STREAM_END) {
        between_members_ = true;
        first_member_ = false;
      } else if (status != Z_OK && status != Z_BUF_ERROR) {
        corrupt_ = true;
        break;
      }
    }
    // What was inflated before the damage is handed out first, so that the error comes with the right line.
    const std::size_t got = size - stream_.avail_out;
    if (got == 0 && corrupt_) {
      throw Error(ExitCode::bad_data, fmt::format("gzip stream is corrupt ({})",
                                                  stream_.msg != nullptr ? stream_.msg : "zlib cannot inflate it"));
    }
    if (got == 0 && size > 0 && !between_members_) throw Error(ExitCode::bad_data, "gzip stream ends early");
    return got;
  }
  void check_unchanged() const override { file_.check_unchanged(); }

 private:
  static constexpr int gzip_window_bits = 15 + 16;  // the largest window; 16 asks for a gzip wrapper

  bool more_input() {
    if (stream_.avail_in > 0) return true;
    const std::size_t got = file_.read_at(offset_, compressed_.data(), compressed_.size());
    offset_ += static_cast<Index>(got);
    stream_.next_in = reinterpret_cast<Bytef*>(compressed_.data());
    stream_.avail_in = static_cast<uInt>(got);
    return got > 0;
  }

  /// Another member follows, unless only zero padding does.
  bool begin_member() {
    if (!first_member_ && *stream_.next_in == 0) {
      ++stream_.next_in;
      --stream_.avail_in;
      return false;
    }
    inflateReset(&stream_);
    between_members_ = false;
    return true;
  }

  InputFile file_;
  Index offset_ = 0;
  std::vector<char> compressed_;
  z_stream stream_{};
  bool between_members_ = false;
  bool first_member_ = true;
  bool corrupt_ = false;
};

class ZstdSource : public ByteSource {
 public:
  ZstdSource(const std::string& path, const FileVersion& version)
      : file_(path, version), compressed_(compressed_block_bytes) {
    if (stream_ == nullptr) throw Error(ExitCode::internal, "zstd does not start");
  }

  std::size_t read(char* to, std::size_t size) override {
    ZSTD_outBuffer out{to, size, 0};
    while (!corrupt_ && out.pos < size) {
      const bool have_input = more_input();
      if (!have_input && between_frames_) break;
      const std::size_t before = out.pos;
      const std::size_t status = ZSTD_decompressStream(stream_.get(), &out, &in_);
      if (ZSTD_isError(status) != 0U) {
        corrupt_ = true;
        reason_ = ZSTD_getErrorName(status);
      }
      between_frames_ = status == 0;
      if (!have_input && out.pos == before) break;  // nothing was held back
    }
    // What was unpacked before the damage is handed out first, so that the error comes with the right line.
    if (out.pos == 0 && corrupt_) throw Error(ExitCode::bad_data, fmt::format("zstd stream is corrupt ({})", reason_));
    if (out.pos == 0 && size > 0 && !between_frames_) throw Error(ExitCode::bad_data, "zstd stream ends early");
    return out.pos;
  }
  void check_unchanged() const override { file_.check_unchanged(); }

 private:
  struct FreeStream {
    void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
  };

  bool more_input() {
    if (in_.pos < in_.size) return true;
    const std::size_t got = file_.read_at(offset_, compressed_.data(), compressed_.size());
    offset_ += static_cast<Index>(got);
    in_ = {compressed_.data(), got, 0};
    return got > 0;
  }

  InputFile file_;
  Index offset_ = 0;
  std::vector<char> compressed_;
  std::unique_ptr<ZSTD_DStream, FreeStream> stream_{ZSTD_createDStream()};
  ZSTD_inBuffer in_{};
  std::string reason_;
  bool between_frames_ = false;
  bool corrupt_ = false;
};
}  // namespace

std::unique_ptr<ByteSource> open_plain(const std::string& path, const FileVersion& version, Index offset) {
  return std::make_unique<PlainSource>(path, version, offset);
}

std::unique_ptr<ByteSource> open_gzip(const std::string& path, const FileVersion& version) {
  return std::make_unique<GzipSource>(path, version);
}

std::unique_ptr<ByteSource> open_zstd(const std::string& path, const FileVersion& version) {
  return std::make_unique<ZstdSource>(path, version);
}

}  // namespace rankwise
