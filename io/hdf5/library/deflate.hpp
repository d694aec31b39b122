#pragma once
// Packed chunks as HDF5's own filters shuffle and deflate make them.

#include <string>
#include <string_view>

namespace rankwise {

/// `bytes` by the places of bytes in their elements, first all first ones, then deflated. Level 1 to 9. Throws
/// Error(internal).
[[nodiscard]] std::string shuffled_and_deflated(std::string_view bytes, std::size_t element_bytes, int level);

}  // namespace rankwise
