#pragma once
// How the bytes of a text file are stored: packed or not, in which encoding, with which line ends.

#include <cstdint>
#include <memory>
#include <string>

#include "io/files/file_version.hpp"
#include "io/text/byte_source.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// By the first bytes of a file, not by its name.
enum class Packing : std::int32_t { none, gzip, zstd };
enum class Encoding : std::int32_t { utf8, utf16_little, utf16_big };

/// Trivially copyable: the root finds it out, the other ranks receive it.
struct FileKind {
  FileVersion version;  ///< when its beginning was looked at; of the bytes as stored
  Packing packing = Packing::none;
  Encoding encoding = Encoding::utf8;  ///< UTF-16 only with a byte order mark
  char line_end = '\n';                ///< '\r' if the beginning holds no other, as files of old Macs do
  Index text_bytes = -1;               ///< of the text, unpacked; known of files that can be shared

  /// Ranks can read it by ranges of its text's bytes: plain UTF-8, and UTF-8 in blocks of gzip. Any other file is read
  /// by one rank from its beginning to its end.
  [[nodiscard]] bool can_be_shared() const { return text_bytes >= 0; }
};

/// Throws Error without the file's name: no_input unless `path` is a regular file one may read; bad_data for a file
/// that is known to be no text (xz, zip, HDF5, Parquet, ..., or any with zero bytes in its beginning).
[[nodiscard]] FileKind probe_file(const std::string& path);

/// " (gzip)", " (zstd, UTF-16)", or "" for plain UTF-8.
[[nodiscard]] std::string packing_text(const FileKind& kind);

/// `source`, which holds UTF-16, as UTF-8. A lone surrogate or half a sign is bad data.
[[nodiscard]] std::unique_ptr<ByteSource> decoded_utf16(std::unique_ptr<ByteSource> source, Encoding encoding);
/// The text of a whole file as UTF-8.
[[nodiscard]] std::unique_ptr<ByteSource> open_text(const std::string& path, const FileKind& kind);
/// The text of a file that can be shared, from its byte `offset` on.
[[nodiscard]] std::unique_ptr<ByteSource> open_shared(const std::string& path, const FileKind& kind, Index offset);

}  // namespace rankwise
