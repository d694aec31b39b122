#pragma once
// Bytes of the numbers that plans count.

#include "kernels/base/types.hpp"

namespace rankwise {

inline constexpr Index float_bytes = sizeof(float);
inline constexpr Index index_bytes = sizeof(Index);

}  // namespace rankwise
