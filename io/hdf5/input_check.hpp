#pragma once
// Whether what a job reads is compared with the digests in its files.

namespace rankwise {

/// `digests`: attributes and shapes when a file is opened, each chunk of rows when a row of it is first read. A file
/// without digests is read as it is.
enum class InputCheck { digests, none };

/// Of a file of this program without digests, for a warning.
inline constexpr const char* no_digests_text =
    "an older version wrote it without digests, so that flipped bits in it are not noticed";

}  // namespace rankwise
