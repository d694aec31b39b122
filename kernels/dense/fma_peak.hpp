#pragma once
// The yardstick: how many float FMA operations one core does per second, on the SIMD target in use.

namespace rankwise::kernels {

/// GFLOP/s of independent register-only FMA chains, measured for about `seconds` on the calling thread.
[[nodiscard]] double measure_fma_peak_gflops(double seconds);

}  // namespace rankwise::kernels
