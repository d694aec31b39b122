#include "kernels/dense/cholesky.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/dense/cholesky.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include "kernels/dense/cholesky-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace rankwise::kernels::HWY_NAMESPACE {

bool solve_system(SymmetricSystem& system) {
  return factor_and_solve(system, system.width);
}

}  // namespace rankwise::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rankwise::kernels {

HWY_EXPORT(solve_system);

bool solve_cholesky(SymmetricSystem& system) {
  return HWY_DYNAMIC_DISPATCH(solve_system)(system);
}

}  // namespace rankwise::kernels
#endif
