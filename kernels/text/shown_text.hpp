#pragma once
// Pieces of other people's text: without the spaces around them, and as a message shows them.

#include <string>
#include <string_view>

namespace rankwise {

/// `text` without spaces at its ends.
[[nodiscard]] std::string_view trimmed(std::string_view text);

/// `text` as a message shows it: in quotes, shortened, and printable().
[[nodiscard]] std::string shown(std::string_view text);

}  // namespace rankwise
