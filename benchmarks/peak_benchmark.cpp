#include "benchmarks/peak_benchmark.hpp"

#include <algorithm>
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <string_view>

#include "kernels/dense/fma_peak.hpp"
#include "kernels/dense/simd_target.hpp"

namespace {

double measured_peak_gflops = 0;

}  // namespace

double rankwise::benchmarks::peak_gflops() {
  return measured_peak_gflops;
}

int main(int argc, char** argv) {
  constexpr std::string_view simd_option = "--simd=";
  if (argc > 1 && std::string_view(argv[1]).starts_with(simd_option)) {
    rankwise::kernels::choose_simd_target(std::string_view(argv[1]).substr(simd_option.size()));
    std::rotate(argv + 1, argv + 2, argv + argc);
    --argc;
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  measured_peak_gflops = rankwise::kernels::measure_fma_peak_gflops(0.5);
  fmt::print("SIMD target {}, FMA peak {:.1f} GFLOP/s on one core\n", rankwise::kernels::simd_target(),
             measured_peak_gflops);
  benchmark::RunSpecifiedBenchmarks();
  fmt::print("FMA peak at the end {:.1f} GFLOP/s\n", rankwise::kernels::measure_fma_peak_gflops(0.5));
  return 0;
}
