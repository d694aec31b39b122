#include "kernels/dense/cholesky.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/dense/cholesky.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include "kernels/dense/cholesky-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace rankwise::kernels::HWY_NAMESPACE {

bool solve_workspace(RowWorkspace& workspace) {
  return factor_and_solve(workspace, workspace.width);
}

}  // namespace rankwise::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rankwise::kernels {

HWY_EXPORT(solve_workspace);

bool solve_cholesky(RowWorkspace& workspace) {
  return HWY_DYNAMIC_DISPATCH(solve_workspace)(workspace);
}

}  // namespace rankwise::kernels
#endif
