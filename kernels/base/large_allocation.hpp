#pragma once
// What the allocation that failed had asked for.

#include <cstddef>

namespace rankwise {

/// Bytes of the last request of this process that ended in std::bad_alloc; 0 if there was none.
[[nodiscard]] std::size_t refused_bytes();

}  // namespace rankwise
