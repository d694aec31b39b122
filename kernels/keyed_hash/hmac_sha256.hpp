#pragma once
// HMAC-SHA256 (RFC 2104, FIPS 180-4) of many texts under one key.

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

namespace rankwise {

using Sha256Digest = std::array<std::uint8_t, 32>;

/// Holds a key, prepared. Not for two threads at once.
class HmacSha256 {
 public:
  /// `key`: at least one byte, any bytes. Throws Error(internal) if the library cannot.
  explicit HmacSha256(std::string_view key);
  /// Throws Error(internal) if the library cannot.
  [[nodiscard]] Sha256Digest of(std::string_view text) const;

 private:
  struct Free {
    void operator()(void* context) const;
  };
  std::unique_ptr<void, Free> context_;  // EVP_MAC_CTX, whose header stays in the source
};

}  // namespace rankwise
