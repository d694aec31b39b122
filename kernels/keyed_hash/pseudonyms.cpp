#include "kernels/keyed_hash/pseudonyms.hpp"

#include <cstddef>

namespace rankwise {

namespace {
std::string hexadecimal(const Sha256Digest& digest, std::size_t bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (std::size_t b = 0; b < bytes; ++b) {
    text += digits[digest[b] >> 4];
    text += digits[digest[b] & 15];
  }
  return text;
}
}  // namespace

std::string Pseudonyms::of(std::string_view id) const {
  return hexadecimal(hmac_.of(id), 16);
}

std::string Pseudonyms::key_id() const {
  return hexadecimal(hmac_.of("rankwise key id"), 8);
}

}  // namespace rankwise
