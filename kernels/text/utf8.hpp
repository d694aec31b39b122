#pragma once
// Well-formed UTF-8.

#include <cstddef>
#include <string_view>

namespace rankwise {

/// Bytes of the sign at the front of `text`, 1 to 4; 0 where none is well-formed (overlong forms and surrogates are
/// not). `text` is not empty.
[[nodiscard]] std::size_t utf8_bytes(std::string_view text);

/// Whether all of `text` is well-formed.
[[nodiscard]] bool is_utf8(std::string_view text);

/// Whether one sign shows nothing: a blank, tab or line break, any space of Unicode, or a byte order mark.
[[nodiscard]] bool is_blank_sign(std::string_view sign);
/// Whether all signs of `text` do.
[[nodiscard]] bool is_blank_text(std::string_view text);

}  // namespace rankwise
