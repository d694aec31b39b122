#pragma once
// Rows in half the bytes: the upper 16 bits of each float, rounded to nearest, ties to even.

#include <cstdint>

#include "kernels/base/types.hpp"

namespace rankwise::kernels {

/// `count` floats as bfloat16. What is not finite stays so.
void pack_bfloat16(const float* values, Index count, std::uint16_t* packed);

/// Back, exactly. `packed` may be the upper half of the memory of `values`.
void unpack_bfloat16(const std::uint16_t* packed, Index count, float* values);

/// What packing and unpacking leave of each value. `values` may be `rounded`.
void round_to_bfloat16(const float* values, Index count, float* rounded);

}  // namespace rankwise::kernels
