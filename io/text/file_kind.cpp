#include "io/text/file_kind.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <string_view>
#include <utility>
#include <vector>

#include "io/files/input_file.hpp"
#include "io/text/block_gzip.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

using namespace std::string_view_literals;

/// Files that are no text, by their first bytes, and what to do with them.
struct ForeignKind {
  std::string_view first_bytes;
  std::string_view name;
  std::string_view remedy;
};
constexpr std::array<ForeignKind, 9> foreign_kinds{
    {{"\xFD"
      "7zXZ\0"sv,
      "an xz file", "unpack it first (xz -dk FILE), or pack it with zstd or gzip"},
     {"PK\x03\x04"sv, "a zip file (or an Excel workbook)", "unpack it first (unzip FILE), or save the workbook as CSV"},
     {"BZh"sv, "a bzip2 file", "unpack it first (bzip2 -dk FILE), or pack it with zstd or gzip"},
     {"\x04\x22\x4D\x18"sv, "an lz4 file", "unpack it first (lz4 -d FILE), or pack it with zstd or gzip"},
     {"7z\xBC\xAF\x27\x1C"sv, "a 7z file", "unpack it first (7z x FILE)"},
     {"\x89HDF\r\n\x1A\n"sv, "an HDF5 file", "a log is a text file, such as CSV"},
     {"PAR1"sv, "a Parquet file", "save it as CSV first"},
     {"\xD0\xCF\x11\xE0"sv, "an Excel workbook", "save it as CSV first"},
     {"\xFF\xFE\0\0"sv, "a UTF-32 file", "convert it first (iconv -f UTF-32 -t UTF-8 FILE)"}}};

/// The first bytes of a source, at most `size` of them.
std::vector<char> beginning_of(ByteSource& source, std::size_t size) {
  std::vector<char> beginning(size);
  std::size_t filled = 0;
  while (filled < size) {
    const std::size_t got = source.read(beginning.data() + filled, size - filled);
    if (got == 0) break;
    filled += got;
  }
  beginning.resize(filled);
  return beginning;
}

std::string_view view_of(const std::vector<char>& bytes) {
  return {bytes.data(), bytes.size()};
}

std::unique_ptr<ByteSource> open_unpacked(const std::string& path, const FileKind& kind) {
  switch (kind.packing) {
    case Packing::gzip:
      return open_gzip(path, kind.version);
    case Packing::zstd:
      return open_zstd(path, kind.version);
    case Packing::none:
      break;
  }
  return open_plain(path, kind.version, 0);
}

Packing packing_of(std::string_view first_bytes) {
  for (const ForeignKind& kind : foreign_kinds) {
    if (first_bytes.starts_with(kind.first_bytes)) {
      throw Error(ExitCode::bad_data, fmt::format("is {}, which is not read here: {}", kind.name, kind.remedy));
    }
  }
  if (first_bytes.starts_with("\x1F\x8B")) return Packing::gzip;
  return first_bytes.starts_with("\x28\xB5\x2F\xFD") ? Packing::zstd : Packing::none;
}

Encoding encoding_of(std::string_view text) {
  if (text.starts_with("\xFF\xFE")) return Encoding::utf16_little;
  return text.starts_with("\xFE\xFF") ? Encoding::utf16_big : Encoding::utf8;
}

void refuse_zero_bytes(std::string_view beginning) {
  std::array<std::size_t, 2> zeros{};
  for (std::size_t i = 0; i < beginning.size(); ++i) zeros[i % 2] += beginning[i] == '\0' ? 1U : 0U;
  if (zeros[0] + zeros[1] == 0) return;
  const bool like_utf16 = std::max(zeros[0], zeros[1]) > beginning.size() / 4 && std::min(zeros[0], zeros[1]) == 0;
  throw Error(ExitCode::bad_data,
              like_utf16 ? fmt::format("looks like UTF-16 without a byte order mark: convert it first (iconv -f "
                                       "UTF-16{} -t UTF-8 FILE)",
                                       zeros[0] > 0 ? "BE" : "LE")
                         : std::string("is no text file: it holds zero bytes"));
}

}  // namespace

FileKind probe_file(const std::string& path) {
  constexpr std::size_t beginning_bytes = std::size_t{64} << 10;
  FileKind kind{.version = InputFile(path).version()};
  kind.packing = packing_of(view_of(beginning_of(*open_plain(path, kind.version, 0), 16)));
  kind.encoding = encoding_of(view_of(beginning_of(*open_unpacked(path, kind), 2)));
  const std::vector<char> beginning = beginning_of(*open_text(path, kind), beginning_bytes);
  const std::string_view text = view_of(beginning);
  refuse_zero_bytes(text);
  const auto holds = [&](char c) { return text.find(c) != std::string_view::npos; };
  kind.line_end = !holds('\n') && holds('\r') ? '\r' : '\n';
  if (kind.encoding == Encoding::utf8 && kind.packing == Packing::none) kind.text_bytes = kind.version.bytes;
  if (kind.encoding == Encoding::utf8 && kind.packing == Packing::gzip) {
    kind.text_bytes = bytes_of_blocks(path, kind.version).value_or(-1);
  }
  return kind;
}

std::string packing_text(const FileKind& kind) {
  const std::string_view packing = kind.packing == Packing::gzip   ? kind.can_be_shared() ? "gzip in blocks" : "gzip"
                                   : kind.packing == Packing::zstd ? "zstd"
                                                                   : "";
  const std::string_view encoding = kind.encoding == Encoding::utf8 ? "" : "UTF-16";
  if (packing.empty() && encoding.empty()) return "";
  return fmt::format(" ({}{}{})", packing, !packing.empty() && !encoding.empty() ? ", " : "", encoding);
}

std::unique_ptr<ByteSource> open_text(const std::string& path, const FileKind& kind) {
  std::unique_ptr<ByteSource> source = open_unpacked(path, kind);
  return kind.encoding == Encoding::utf8 ? std::move(source) : decoded_utf16(std::move(source), kind.encoding);
}

std::unique_ptr<ByteSource> open_shared(const std::string& path, const FileKind& kind, Index offset) {
  return kind.packing == Packing::gzip ? open_blocks(path, kind.version, offset)
                                       : open_plain(path, kind.version, offset);
}

}  // namespace rankwise
