#pragma once
// What the operating system says of this process' memory.

#include "kernels/types.hpp"

namespace rankwise {

/// The most memory that this process ever held, in bytes; 0 where the system does not tell.
[[nodiscard]] Index peak_memory_bytes();

/// What it holds now.
[[nodiscard]] Index resident_bytes();

}  // namespace rankwise
