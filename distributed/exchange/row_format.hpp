#pragma once
// How factor rows travel between ranks.

#include "kernels/base/types.hpp"

namespace rankwise {

/// What travels, and so what a rank sees of the other side's rows, its own among them: all of each float, or its upper
/// half, rounded (kernels/base/bfloat16.hpp). Factors themselves stay floats.
enum class RowFormat { float32, bfloat16 };

/// Bytes of a row of `stride` floats on its way.
[[nodiscard]] constexpr Index travel_bytes(RowFormat format, Index stride) {
  return stride * (format == RowFormat::bfloat16 ? 2 : 4);
}

}  // namespace rankwise
