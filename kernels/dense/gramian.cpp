#include "kernels/dense/gramian.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/dense/gramian.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include "kernels/dense/symmetric_tiles-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace rankwise::kernels::HWY_NAMESPACE {

void chunk_gramian(ConstMatrixView rows, MatrixView gramian) {
  const float* entry_rows[most_gramian_rows];
  for (Index r = 0; r < rows.rows; ++r) entry_rows[r] = rows.row(r);
  add_symmetric_product({entry_rows, entry_rows, entry_rows, 1, padded_columns(rows.columns)}, rows.rows,
                        {nullptr, 0, gramian.data, gramian.stride}, {});
}

}  // namespace rankwise::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rankwise::kernels {

HWY_EXPORT(chunk_gramian);

void chunk_gramian(ConstMatrixView rows, MatrixView gramian) {
  HWY_DYNAMIC_DISPATCH(chunk_gramian)(rows, gramian);
}

}  // namespace rankwise::kernels
#endif
