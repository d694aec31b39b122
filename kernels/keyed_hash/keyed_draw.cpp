#include "kernels/keyed_hash/keyed_draw.hpp"

namespace rankwise {

KeyedDraw::KeyedDraw(std::string_view key, std::string_view purpose) : hmac_(key), purpose_(purpose) {
  purpose_.push_back('\0');
}

std::uint64_t KeyedDraw::of(std::string_view id) const {
  std::string text = purpose_;
  text += id;
  const Sha256Digest digest = hmac_.of(text);
  std::uint64_t draw = 0;
  for (std::size_t b = 0; b < 8; ++b) draw = draw << 8 | digest[b];
  return draw;
}

}  // namespace rankwise
