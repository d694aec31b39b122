#pragma once
// What the kernels' benchmarks share: main, which takes --simd and measures the FMA peak before and after.

namespace rankwise::benchmarks {

/// GFLOP/s of one core, measured before the benchmarks ran.
[[nodiscard]] double peak_gflops();

}  // namespace rankwise::benchmarks
