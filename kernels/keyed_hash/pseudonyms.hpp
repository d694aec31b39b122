#pragma once
// Pseudonyms: names that stand for ids, the same for the same id and key, and without the key no way back.

#include <string>
#include <string_view>

#include "kernels/keyed_hash/hmac_sha256.hpp"

namespace rankwise {

/// How pseudonyms are made, as files name it.
inline constexpr std::string_view pseudonym_method = "hmac-sha256-128";

class Pseudonyms {
 public:
  /// `key`: at least one byte. Throws Error(internal), as its members do, if the library cannot.
  explicit Pseudonyms(std::string_view key) : hmac_(key) {}

  /// The first 16 bytes of HMAC-SHA256(key, id) in hexadecimal: 32 characters.
  [[nodiscard]] std::string of(std::string_view id) const;
  /// What says that two keys are the same and does not say which: the first 8 bytes of HMAC-SHA256(key, "rankwise key
  /// id") in hexadecimal.
  [[nodiscard]] std::string key_id() const;

 private:
  HmacSha256 hmac_;
};

}  // namespace rankwise
