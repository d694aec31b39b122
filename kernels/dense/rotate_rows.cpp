#include "kernels/dense/rotate_rows.hpp"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/dense/rotate_rows.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#include "kernels/dense/row_product-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace rankwise::kernels::HWY_NAMESPACE {

void rotate_rows(ConstMatrixView rows, ConstMatrixView basis, MatrixView rotated) {
  const float* inputs[tile_rows];
  float* outputs[tile_rows];
  for (Index first = 0; first < rows.rows; first += tile_rows) {
    const Index count = std::min<Index>(tile_rows, rows.rows - first);
    for (Index r = 0; r < count; ++r) {
      inputs[r] = rows.row(first + r);
      outputs[r] = rotated.row(first + r);
    }
    multiply_rows(inputs, count, basis, outputs);
  }
}

}  // namespace rankwise::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rankwise::kernels {

HWY_EXPORT(rotate_rows);

void rotate_rows(ConstMatrixView rows, ConstMatrixView basis, MatrixView rotated) {
  HWY_DYNAMIC_DISPATCH(rotate_rows)(rows, basis, rotated);
}

}  // namespace rankwise::kernels
#endif
