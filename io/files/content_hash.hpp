#pragma once
// XXH3-64 of bytes: names that follow from content, and whether a file is still the same.

#include <cstdint>
#include <string>
#include <string_view>

namespace rankwise {

/// Sixteen hexadecimal digits of XXH3-64.
[[nodiscard]] std::string content_hash(std::string_view text);

/// XXH3-64 of a file's bytes. Throws Error (no_input, io_error).
[[nodiscard]] std::uint64_t file_digest(const std::string& path);

}  // namespace rankwise
