#pragma once
// Draws that a secret key, a purpose and an id decide: whoever has the key gets them again, nobody else foretells them.

#include <cstdint>
#include <string>
#include <string_view>

#include "kernels/keyed_hash/hmac_sha256.hpp"

namespace rankwise {

/// Uniform numbers of 64 bits. Not for two threads at once.
class KeyedDraw {
 public:
  /// `key`: at least one byte; `purpose`: any bytes but NUL, such as a campaign's name. Throws Error(internal), as of()
  /// does, if the library cannot.
  KeyedDraw(std::string_view key, std::string_view purpose);

  /// The first 8 bytes, the most significant one first, of HMAC-SHA256(key, purpose, NUL, id).
  [[nodiscard]] std::uint64_t of(std::string_view id) const;

 private:
  HmacSha256 hmac_;
  std::string purpose_;  // with its NUL
};

}  // namespace rankwise
