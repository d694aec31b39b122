#pragma once
// A row's random numbers, drawn one after the other.

#include <cmath>
#include <cstdint>
#include <numbers>

#include "kernels/base/philox.hpp"

namespace rankwise {

/// The draws of (seed, purpose, row) in ascending draw number: a pure sequence, the same wherever it is drawn.
class Draws {
 public:
  Draws(std::uint64_t seed, RandomPurpose purpose, Index row) : stream_(seed, purpose), row_(row) {}

  [[nodiscard]] PhiloxCounter words() { return stream_.words(row_, next_++); }
  /// In [0, 1).
  [[nodiscard]] double uniform() { return stream_.uniform(row_, next_++); }
  /// In [0, count), count >= 1.
  [[nodiscard]] Index below(Index count) { return static_cast<Index>(uniform() * static_cast<double>(count)); }
  /// Standard normal (Box and Muller's cosine branch).
  [[nodiscard]] double normal() {
    const PhiloxCounter w = words();
    const double u = (w[0] + 0.5) * 0x1.0p-32;  // never 0
    const double angle = 2 * std::numbers::pi * 0x1.0p-32 * w[1];
    return std::sqrt(-2 * std::log(u)) * std::cos(angle);
  }

 private:
  RandomStream stream_;
  Index row_;
  std::uint32_t next_ = 0;
};

}  // namespace rankwise
