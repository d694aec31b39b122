#pragma once
// gzip in blocks (BGZF, as bgzip writes it): members of at most 64 KiB of text, each with its size in front of it, so
// that a reader can begin at any of them.

#include <memory>
#include <optional>
#include <string>

#include "io/files/file_version.hpp"
#include "io/text/byte_source.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// The bytes of text of a file that consists of such blocks from its beginning to its end; nothing of any other file.
/// Reads the ends of all blocks. Local; throws Error (no_input, io_error) without the file's name.
[[nodiscard]] std::optional<Index> bytes_of_blocks(const std::string& path, const FileVersion& version);

/// The text of such a file from its byte `offset` on. Local; throws Error (no_input, bad_data, io_error) without the
/// file's name.
[[nodiscard]] std::unique_ptr<ByteSource> open_blocks(const std::string& path, const FileVersion& version,
                                                      Index offset);

}  // namespace rankwise
