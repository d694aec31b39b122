#pragma once
// Which instruction set the kernels run with.

#include <string>
#include <string_view>
#include <vector>

namespace rankwise::kernels {

/// Names of the targets that were compiled and that this processor runs, best first; a subset of avx512, avx2, neon,
/// portable.
[[nodiscard]] std::vector<std::string> available_simd_targets();

/// Makes every later kernel call use target `name`, or the best one for "auto". Throws Error(usage) when this build or
/// this processor does not have it. Process-wide, as instruction sets are; call it before threads run kernels.
void choose_simd_target(std::string_view name);

/// The target in use.
[[nodiscard]] std::string simd_target();

}  // namespace rankwise::kernels
