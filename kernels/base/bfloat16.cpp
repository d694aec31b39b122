#include "kernels/base/bfloat16.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace rankwise::kernels {

namespace {

std::uint16_t rounded_half(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffffU) > 0x7f800000U) return static_cast<std::uint16_t>(bits >> 16 | 0x40U);  // stays a NaN
  return static_cast<std::uint16_t>((bits + 0x7fffU + (bits >> 16 & 1U)) >> 16);
}

float widened(std::uint16_t half) {
  return std::bit_cast<float>(std::uint32_t{half} << 16);
}

}  // namespace

void pack_bfloat16(const float* values, Index count, std::uint16_t* packed) {
  for (Index i = 0; i < count; ++i) packed[i] = rounded_half(values[i]);
}

void unpack_bfloat16(const std::uint16_t* packed, Index count, float* values) {
  // Blocks by way of buffers: front to back, what is written never reaches what is still to be read.
  constexpr Index block = 64;
  std::uint16_t halves[block] = {};
  float floats[block] = {};
  for (Index first = 0; first < count; first += block) {
    const auto some = static_cast<std::size_t>(std::min(block, count - first));
    std::memcpy(halves, packed + first, some * sizeof(std::uint16_t));
    for (Index i = 0; i < block; ++i) floats[i] = widened(halves[i]);
    std::memcpy(values + first, floats, some * sizeof(float));
  }
}

void round_to_bfloat16(const float* values, Index count, float* rounded) {
  for (Index i = 0; i < count; ++i) rounded[i] = widened(rounded_half(values[i]));
}

}  // namespace rankwise::kernels
