// The two byte sources of io/line_reader.hpp: plain files and gzip.
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "io/line_reader.hpp"
#include "kernels/error.hpp"

namespace rankwise {

namespace {
constexpr std::size_t compressed_block_bytes = std::size_t{128} << 10;

/// An open file descriptor.
class InputFile {
 public:
  explicit InputFile(const std::string& path) : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (descriptor_ < 0) throw Error(ExitCode::no_input, std::strerror(errno));
  }
  ~InputFile() { ::close(descriptor_); }
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  [[nodiscard]] std::size_t read_at(Index offset, char* to, std::size_t size) const {
    while (true) {
      const ssize_t got = ::pread(descriptor_, to, size, offset);
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno != EINTR) {
        throw Error(errno == EISDIR ? ExitCode::no_input : ExitCode::io_error,
                    fmt::format("cannot be read at byte {}: {}", offset, std::strerror(errno)));
      }
    }
  }

 private:
  int descriptor_;
};

class PlainSource : public ByteSource {
 public:
  PlainSource(const std::string& path, Index offset) : file_(path), offset_(offset) {}
  std::size_t read(char* to, std::size_t size) override {
    const std::size_t got = file_.read_at(offset_, to, size);
    offset_ += static_cast<Index>(got);
    return got;
  }

 private:
  InputFile file_;
  Index offset_;
};

class GzipSource : public ByteSource {
 public:
  explicit GzipSource(const std::string& path) : file_(path), compressed_(compressed_block_bytes) {
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
}  // namespace

std::unique_ptr<ByteSource> open_plain(const std::string& path, Index offset) {
  return std::make_unique<PlainSource>(path, offset);
}

std::unique_ptr<ByteSource> open_gzip(const std::string& path) {
  return std::make_unique<GzipSource>(path);
}

namespace {

/// '\r' where the first 64 KiB have no '\n'.
char find_line_end(const std::string& path, bool gzip) {
  std::vector<char> beginning(std::size_t{64} << 10);
  const std::unique_ptr<ByteSource> source = gzip ? open_gzip(path) : open_plain(path, 0);
  std::size_t filled = 0;
  while (filled < beginning.size()) {
    const std::size_t got = source->read(beginning.data() + filled, beginning.size() - filled);
    if (got == 0) break;
    filled += got;
  }
  const std::string_view text(beginning.data(), filled);
  return text.find('\n') == std::string_view::npos && text.find('\r') != std::string_view::npos ? '\r' : '\n';
}

}  // namespace

FileKind probe_file(const std::string& path) {
  struct stat status {};  // before opening: the open of a pipe would wait for its writer
  if (::stat(path.c_str(), &status) != 0) throw Error(ExitCode::no_input, std::strerror(errno));
  if (S_ISDIR(status.st_mode)) throw Error(ExitCode::no_input, "is a directory, not a log file");
  if (!S_ISREG(status.st_mode)) throw Error(ExitCode::no_input, "is not a regular file");
  const InputFile file(path);
  std::array<char, 2> magic{};
  const std::size_t got = file.read_at(0, magic.data(), magic.size());
  FileKind kind{status.st_size, got == 2 && magic[0] == '\x1f' && magic[1] == '\x8b'};
  kind.line_end = find_line_end(path, kind.gzip);
  return kind;
}

}  // namespace rankwise
