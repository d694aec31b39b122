#include "kernels/gramian.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/gramian.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include "kernels/symmetric_tiles-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace rankwise::kernels::HWY_NAMESPACE {

void chunk_gramian(ConstMatrixView rows, RowWorkspace& workspace) {
  const Index width = workspace.padded_width;
  std::fill_n(workspace.system.row(0), width * width, 0.0F);
  const PackedEntries packed{workspace.left.row(0), workspace.right.row(0), entry_chunk, width};
  for (Index r = 0; r < rows.rows; ++r) pack_entry(packed, r, rows.row(r), 1.0F);
  add_symmetric_product(packed, rows.rows, workspace.system.row(0), workspace.system.stride());
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
