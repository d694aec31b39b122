#pragma once
// Text as gzip or zstd has it.

#include <string>
#include <string_view>

#include "io/text/file_kind.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Text of a member of gzip, or of a frame of zstd, in files that are written: whoever packs a text in such blocks
/// gets the same bytes, however the text came about. A file of several members is what any reader takes for one.
inline constexpr Index packed_block_bytes = Index{1} << 20;

/// A member or frame of its own, without a name or a time; the text itself if `packing` is none. Throws
/// Error(internal) if the library fails.
[[nodiscard]] std::string packed_text(Packing packing, std::string_view text);

}  // namespace rankwise
