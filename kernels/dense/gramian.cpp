#include "kernels/dense/gramian.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/dense/gramian.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include "kernels/dense/symmetric_tiles-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace rankwise::kernels::HWY_NAMESPACE {

void chunk_gramian(ConstMatrixView rows, RowWorkspace& workspace) {
  for (Index r = 0; r < rows.rows; ++r) workspace.right_rows[static_cast<std::size_t>(r)] = rows.row(r);
  const float* const* entry_rows = workspace.right_rows.data();
  add_symmetric_product({entry_rows, entry_rows, entry_rows, 1, workspace.padded_width}, rows.rows,
                        {nullptr, 0, workspace.system.row(0), workspace.system.stride()}, {});
}

}  // namespace rankwise::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rankwise::kernels {

HWY_EXPORT(chunk_gramian);

void chunk_gramian(ConstMatrixView rows, RowWorkspace& workspace) {
  HWY_DYNAMIC_DISPATCH(chunk_gramian)(rows, workspace);
}

}  // namespace rankwise::kernels
#endif
