// Products with a half-sweep's base matrix. Included once per SIMD target.

#if defined(RANKWISE_KERNELS_BASE_PRODUCT_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef RANKWISE_KERNELS_BASE_PRODUCT_INL_HPP
#undef RANKWISE_KERNELS_BASE_PRODUCT_INL_HPP
#else
#define RANKWISE_KERNELS_BASE_PRODUCT_INL_HPP
#endif

#include <hwy/highway.h>

#include "kernels/base/matrix.hpp"
#include "kernels/dense/symmetric_tiles-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace rankwise::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// What all columns of a product with the base share: out = (B + lambda I) x, out[0] being the element at `begin`.
struct BaseProduct {
  ConstMatrixView base;
  Index rows;  ///< 0 where there is no base
  const float* x;
  float lambda;
  Index begin;
  float* out;
};

/// `vectors` (at most kVectors) vectors of columns from `column` on, the base's rows ascending, sums in registers.
template <int kVectors>
HWY_INLINE void multiply_columns(const BaseProduct& product, Index vectors, Index column) {
  if constexpr (kVectors > 1) {
    if (vectors < kVectors) return multiply_columns<kVectors - 1>(product, vectors, column);
  }
  const FloatTag d;
  FloatVector sums[kVectors];
  for (auto& sum : sums) sum = hn::Zero(d);
  const float* HWY_RESTRICT row = product.rows == 0 ? nullptr : product.base.data + column;
  for (Index c = 0; c < product.rows; ++c) {
    const FloatVector factor = hn::Set(d, product.x[c]);
    for (int v = 0; v < kVectors; ++v) sums[v] = hn::MulAdd(factor, hn::Load(d, row + v * vector_floats), sums[v]);
    row += product.base.stride;
  }
  const FloatVector lambda = hn::Set(d, product.lambda);
  for (int v = 0; v < kVectors; ++v) {
    const Index at = column + v * vector_floats;
    hn::Store(hn::MulAdd(lambda, hn::Load(d, product.x + at), sums[v]), d, product.out + at - product.begin);
  }
}

/// Elements [begin, end), whole lines, of (B + lambda I) x. B is symmetric and read by rows; columns are shared out
/// evenly among passes of at most eight vectors, which hide the latency of FMA.
HWY_INLINE void multiply_base(ConstMatrixView base, Index width, const float* x, float lambda, Index begin, Index end,
                              float* out) {
  const BaseProduct product{base, base.rows == 0 ? 0 : width, x, lambda, begin, out};
  constexpr int most_vectors = 8;
  for (Index column = begin; column < end;) {
    const Index left = (end - column) / vector_floats;
    const Index passes = (left + most_vectors - 1) / most_vectors;
    const Index vectors = (left + passes - 1) / passes;
    multiply_columns<most_vectors>(product, vectors, column);
    column += vectors * vector_floats;
  }
}

}  // namespace rankwise::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
