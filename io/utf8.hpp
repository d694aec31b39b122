#pragma once
// Well-formed UTF-8.

#include <cstddef>
#include <string_view>

namespace rankwise {

/// Bytes of the sign at the front of `text`, 1 to 4; 0 where none is well-formed (overlong forms and surrogates are
/// not). `text` is not empty.
[[nodiscard]] std::size_t utf8_bytes(std::string_view text);

}  // namespace rankwise
