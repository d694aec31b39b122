#pragma once
// Runs a check on every SIMD target that this machine has.

#include <gtest/gtest.h>

#include "kernels/dense/simd_target.hpp"

namespace rankwise::testing {

template <class Check>
void on_every_simd_target(Check&& check) {
  for (const std::string& target : kernels::available_simd_targets()) {
    SCOPED_TRACE(target);
    kernels::choose_simd_target(target);
    check();
  }
  kernels::choose_simd_target("auto");
}

/// Targets with fused multiply-add, which promise equal bits.
inline std::vector<std::string> fma_targets() {
  std::vector<std::string> targets = kernels::available_simd_targets();
  std::erase(targets, "portable");
  return targets;
}

}  // namespace rankwise::testing
