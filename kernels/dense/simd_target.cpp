#include "kernels/dense/simd_target.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <hwy/targets.h>

#include "kernels/base/error.hpp"

namespace rankwise::kernels {

namespace {

struct NamedTarget {
  std::string_view name;
  std::int64_t target;
};

// Best first. The portable target is the baseline of the build: SSE2 on x86-64, which has no FMA.
constexpr std::array known_targets{NamedTarget{"avx512", HWY_AVX3}, NamedTarget{"avx2", HWY_AVX2},
                                   NamedTarget{"neon", HWY_NEON}, NamedTarget{"portable", HWY_STATIC_TARGET}};

void restrict_to(std::int64_t targets) {
  hwy::SetSupportedTargetsForTest(targets);  // a mask of 0 restores the processor's own
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

}  // namespace

std::vector<std::string> available_simd_targets() {
  const std::int64_t in_use = hwy::SupportedTargets();
  hwy::SetSupportedTargetsForTest(0);
  std::vector<std::string> names;
  for (const NamedTarget& known : known_targets) {
    if ((hwy::SupportedTargets() & HWY_TARGETS & known.target) != 0) names.emplace_back(known.name);
  }
  hwy::SetSupportedTargetsForTest(in_use);
  return names;
}

void choose_simd_target(std::string_view name) {
  const std::vector<std::string> available = available_simd_targets();
  if (name == "auto") return restrict_to(0);
  if (std::ranges::find(available, name) == available.end()) {
    restrict_to(0);
    throw Error(ExitCode::usage, fmt::format("SIMD target '{}' is not to be had here; expected auto or one of {}", name,
                                             fmt::join(available, ", ")));
  }
  const auto* known = std::ranges::find(known_targets, name, &NamedTarget::name);
  restrict_to(known->target);
}

std::string simd_target() {
  for (const NamedTarget& known : known_targets) {
    if ((hwy::SupportedTargets() & HWY_TARGETS & known.target) != 0) return std::string(known.name);
  }
  return "portable";
}

}  // namespace rankwise::kernels
