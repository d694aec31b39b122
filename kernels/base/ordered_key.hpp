#pragma once
// Numbers as integers of the same order, for searches by halving.

#include <bit>
#include <cstdint>
#include <limits>

namespace rankwise {

/// Integers in the order of the numbers; both zeros are one. `value` is not NaN.
[[nodiscard]] inline std::int64_t ordered_key(double value) {
  const auto bits = std::bit_cast<std::int64_t>(value + 0.0);
  return bits < 0 ? std::numeric_limits<std::int64_t>::min() - bits : bits;
}

/// The number of a key.
[[nodiscard]] inline double value_of_key(std::int64_t key) {
  return std::bit_cast<double>(key < 0 ? std::numeric_limits<std::int64_t>::min() - key : key);
}

}  // namespace rankwise
