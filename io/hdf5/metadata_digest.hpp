#pragma once
// One digest over all that a file holds beside the rows of its datasets.

#include <cstdint>
#include <span>

#include "io/hdf5/describe_file.hpp"
#include "io/hdf5/row_digests.hpp"

namespace rankwise {

/// XXH3-64 of the lines below, each ended by LF, sorted by their bytes; docs/FORMATS.md has them too. Attribute
/// `metadata-digest` of the root is left out.
///
///   group PATH                               dataset PATH TYPE [EXTENT,...]              link PATH TYPE
///   attribute PATH NAME TYPE VALUE           digests PATH-OF-TABLE XXH3-64-OF-ITS-BYTES
///
/// A VALUE is the hexadecimal form of its bytes in the file (of a text: its UTF-8), or a list `[VALUE,...]`; the digest
/// has 16 hexadecimal digits.
[[nodiscard]] std::uint64_t metadata_digest(std::span<const FileObject> objects, std::span<const DigestTable> tables);

}  // namespace rankwise
