#include "io/page/svg_text.hpp"

#include "kernels/text/text_encoding.hpp"

namespace rankwise {

std::string svg_text(const std::string& text) {
  std::string safe;
  for (const char c : printable(text)) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

}  // namespace rankwise
