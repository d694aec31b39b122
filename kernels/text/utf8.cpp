#include "kernels/text/utf8.hpp"

#include <algorithm>
#include <utf8proc.h>

namespace rankwise {

std::size_t utf8_bytes(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  const unsigned second = byte(1);
  const bool refused = (lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) ||
                       (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F);
  return refused ? 0 : length;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t bytes = utf8_bytes(text);
    if (bytes == 0) return false;
    text.remove_prefix(bytes);
  }
  return true;
}

bool is_blank_sign(std::string_view sign) {
  if (sign.size() == 1) return sign[0] == ' ' || (sign[0] >= '\t' && sign[0] <= '\r');
  utf8proc_int32_t code = 0;
  utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(sign.data()), static_cast<utf8proc_ssize_t>(sign.size()),
                   &code);
  const utf8proc_category_t category = utf8proc_category(code);
  constexpr utf8proc_int32_t zero_width_space = 0x200B;
  constexpr utf8proc_int32_t byte_order_mark = 0xFEFF;
  return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP ||
         code == zero_width_space || code == byte_order_mark;
}

bool is_blank_text(std::string_view text) {
  while (!text.empty()) {
    const std::string_view sign = text.substr(0, std::max<std::size_t>(1, utf8_bytes(text)));
    if (!is_blank_sign(sign)) return false;
    text.remove_prefix(sign.size());
  }
  return true;
}

}  // namespace rankwise
