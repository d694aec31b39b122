#include "kernels/text/shown_text.hpp"

#include <fmt/format.h>

#include "kernels/text/text_encoding.hpp"

namespace rankwise {

namespace {
bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}
}  // namespace

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::string shown(std::string_view text) {
  constexpr std::size_t longest = 40;
  if (text.size() <= longest) return fmt::format("'{}'", printable(text));
  std::string_view beginning = text.substr(0, longest);
  while (!beginning.empty() && is_continuation(text[beginning.size()])) beginning.remove_suffix(1);  // a whole sign
  if (beginning.empty()) beginning = text.substr(0, longest);
  return fmt::format("'{}...'", printable(beginning));
}

}  // namespace rankwise
