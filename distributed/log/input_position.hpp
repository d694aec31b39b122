#pragma once
// Where a row of a log is.

#include <cstdint>

#include "kernels/base/types.hpp"

namespace rankwise {

/// A place in the input as one number that sorts by file, then line.
class InputPosition {
 public:
  InputPosition(Index file, Index line) : packed_(file << line_bits | line) {}
  explicit InputPosition(std::int64_t packed) : packed_(packed) {}
  [[nodiscard]] std::int64_t packed() const { return packed_; }
  [[nodiscard]] Index file() const { return packed_ >> line_bits; }
  [[nodiscard]] Index line() const { return packed_ & ((Index{1} << line_bits) - 1); }

 private:
  static constexpr int line_bits = 42;  // 4e12 lines in each of 2 million files
  std::int64_t packed_;
};

}  // namespace rankwise
