#pragma once
// Texts in pictures.

#include <string>

namespace rankwise {

/// `text` as the content of an element: shown as printable(), without signs that mean something to SVG.
[[nodiscard]] std::string svg_text(const std::string& text);

}  // namespace rankwise
