#include "kernels/dense/fma_peak.hpp"

#include <chrono>
#include <cstdint>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/dense/fma_peak.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace rankwise::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Runs `rounds` of 12 independent FMA chains (latency 4 times throughput 2, with room) and returns the flops done.
double run_fma_chains(std::int64_t rounds, float* sink) {
  constexpr int chains = 12;
  const hn::ScalableTag<float> d;
  const auto factor = hn::Set(d, 0.999F);
  const auto term = hn::Set(d, 0.001F);
  decltype(hn::Zero(d)) sums[chains];
  for (int c = 0; c < chains; ++c) sums[c] = hn::Set(d, static_cast<float>(c));
  for (std::int64_t round = 0; round < rounds; ++round) {
    for (int c = 0; c < chains; ++c) sums[c] = hn::MulAdd(sums[c], factor, term);
  }
  auto total = sums[0];
  for (int c = 1; c < chains; ++c) total = hn::Add(total, sums[c]);
  *sink = hn::GetLane(total);
  return 2.0 * chains * static_cast<double>(hn::Lanes(d)) * static_cast<double>(rounds);
}

}  // namespace rankwise::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rankwise::kernels {

HWY_EXPORT(run_fma_chains);

double measure_fma_peak_gflops(double seconds) {
  using Clock = std::chrono::steady_clock;
  constexpr std::int64_t rounds = 100'000;
  volatile float sink = 0;
  float value = 0;
  double flops = 0;
  double elapsed = 0;
  const auto begin = Clock::now();
  do {
    flops += HWY_DYNAMIC_DISPATCH(run_fma_chains)(rounds, &value);
    sink = value;
    elapsed = std::chrono::duration<double>(Clock::now() - begin).count();
  } while (elapsed < seconds);
  return sink >= 0 ? flops / elapsed * 1e-9 : 0.0;
}

}  // namespace rankwise::kernels
#endif
