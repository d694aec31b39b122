#pragma once
// What the operating system says of this process' memory.

#include "kernels/base/types.hpp"

namespace rankwise {

/// The memory of this machine; 0 where the system does not tell.
[[nodiscard]] Index machine_memory_bytes();

/// The most memory that this process ever held, in bytes; 0 where the system does not tell.
[[nodiscard]] Index peak_memory_bytes();

/// From now on peak_memory_bytes() counts from what the process holds now; false where the system cannot, and the peak
/// stays that of the whole process.
[[nodiscard]] bool forget_peak_memory();

/// Of what it holds now in memory that it shares with other processes, their part: each has an equal part of every page
/// that they share. 0 where the system does not tell.
[[nodiscard]] Index bytes_of_other_processes();

/// What it holds now.
[[nodiscard]] Index resident_bytes();

}  // namespace rankwise
