#include "kernels/text/text_encoding.hpp"

#include <cstddef>
#include <fmt/format.h>
#include <iterator>

#include "kernels/text/utf8.hpp"

namespace rankwise {

namespace {

constexpr std::size_t escape_bytes = 4;  // "\xfc"
constexpr unsigned char backslash = '\\';

/// The value of a hexadecimal digit in lower case, 16 of any other sign.
unsigned digit_value(char digit) {
  if (digit >= '0' && digit <= '9') return static_cast<unsigned>(digit - '0');
  if (digit >= 'a' && digit <= 'f') return static_cast<unsigned>(digit - 'a') + 10;
  return 16;
}

/// The byte whose escape begins `text`, of those that encoded_text() writes; 0 where none does.
unsigned char escaped_byte(std::string_view text) {
  if (text.size() < escape_bytes || !text.starts_with("\\x")) return 0;
  const unsigned high = digit_value(text[2]);
  const unsigned low = digit_value(text[3]);
  if (high > 15 || low > 15) return 0;
  const unsigned byte = high * 16 + low;
  return byte >= 0x80 || byte == backslash ? static_cast<unsigned char>(byte) : 0;
}

void append_escape(std::string& result, char byte) {
  fmt::format_to(std::back_inserter(result), "\\x{:02x}", static_cast<unsigned char>(byte));
}

/// The number of a sign of two or three bytes that must not reach a terminal; 0 of any other.
unsigned unsafe_sign(std::string_view sign) {
  const auto byte = [sign](std::size_t b) { return static_cast<unsigned>(static_cast<unsigned char>(sign[b])); };
  if (sign.size() == 2) {
    const unsigned code = (byte(0) & 0x1FU) << 6U | (byte(1) & 0x3FU);
    return code < 0xA0 ? code : 0;  // C1
  }
  if (sign.size() != 3) return 0;
  const unsigned code = (byte(0) & 0x0FU) << 12U | (byte(1) & 0x3FU) << 6U | (byte(2) & 0x3FU);
  const bool turns = (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
  return turns ? code : 0;
}

/// `kept`: control signs that stay.
std::string without_controls(std::string_view text, std::string_view kept) {
  constexpr char rubout = 0x7F;
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const std::size_t bytes = utf8_bytes(text);
    const std::string_view sign = text.substr(0, bytes == 0 ? 1 : bytes);
    const bool is_control = bytes == 1 && (static_cast<unsigned char>(sign[0]) < ' ' || sign[0] == rubout);
    if (bytes == 0 || (is_control && kept.find(sign[0]) == std::string_view::npos)) {
      append_escape(result, sign[0]);
    } else if (const unsigned code = unsafe_sign(sign); code != 0) {
      fmt::format_to(std::back_inserter(result), "\\u{:04x}", code);
    } else {
      result += sign;
    }
    text.remove_prefix(sign.size());
  }
  return result;
}

}  // namespace

std::string encoded_text(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    const std::size_t sign = utf8_bytes(bytes);
    if (sign == 0 || escaped_byte(bytes) != 0) {
      append_escape(text, bytes.front());
    } else {
      text += bytes.substr(0, sign);
    }
    bytes.remove_prefix(sign == 0 ? 1 : sign);
  }
  return text;
}

std::string decoded_text(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  while (!text.empty()) {
    const unsigned char byte = escaped_byte(text);
    bytes += byte == 0 ? text.front() : static_cast<char>(byte);
    text.remove_prefix(byte == 0 ? 1 : escape_bytes);
  }
  return bytes;
}

std::string printable(std::string_view text) {
  return without_controls(text, "");
}

std::string printable_table(std::string_view text) {
  return without_controls(text, "\t\n");
}

}  // namespace rankwise
