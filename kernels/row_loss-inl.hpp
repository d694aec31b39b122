// A row's share of the loss at its solution. Included once per SIMD target.

#if defined(RANKWISE_KERNELS_ROW_LOSS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef RANKWISE_KERNELS_ROW_LOSS_INL_HPP
#undef RANKWISE_KERNELS_ROW_LOSS_INL_HPP
#else
#define RANKWISE_KERNELS_ROW_LOSS_INL_HPP
#endif

#include <algorithm>
#include <cmath>

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include "kernels/base_product-inl.hpp"
#include "kernels/csr_block.hpp"
#include "kernels/row_system.hpp"
#include "kernels/virtual_lanes-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace rankwise::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Asks for the factor rows of an entry a few entries ahead.
HWY_INLINE void prefetch_row(const RowSystem& system, SparseRow entries, Index entry) {
  constexpr Index distance = 8;
  if (entry + distance >= entries.size()) return;
  const float* row = system.other.row(entries.columns[static_cast<std::size_t>(entry + distance)]);
  for (Index c = 0; c < system.other.stride; c += line_floats) hwy::Prefetch(row + c);
}

/// lambda |x|^2.
HWY_INLINE double regularizer(const float* x, float lambda, Index stride) {
  return static_cast<double>(lambda) * static_cast<double>(lane_dot(x, x, 0, stride));
}

/// The row's loss at solution `x` (padded, aligned).
HWY_INLINE RowLoss row_loss(const RowSystem& system, SparseRow entries, const float* x, float lambda, Index width) {
  const Objective& objective = system.objective;
  const Index stride = system.other.stride;
  RowLoss loss;
  for (Index e = 0; e < entries.size(); ++e) {
    prefetch_row(system, entries, e);
    const auto entry = static_cast<std::size_t>(e);
    const float* features = system.other.row(entries.columns[entry]);
    const float value = entries.values[entry];
    if (objective.loss == LossKind::implicit_feedback) {
      const auto prediction = static_cast<double>(lane_dot(features, x, 0, stride));
      loss.observed += static_cast<double>(value) * (1.0 - prediction) * (1.0 - prediction);
      loss.observed_squares += prediction * prediction;
    } else {
      auto prediction = static_cast<double>(lane_dot(features, x, 0, stride));
      if (objective.biases) {
        const auto other_bias = static_cast<double>(features[width - 1]);
        const auto own_bias = static_cast<double>(x[width - 1]);
        prediction += own_bias + other_bias - own_bias * other_bias;  // the dot multiplied the two biases
      }
      const double residual = static_cast<double>(value) - prediction;
      loss.observed += residual * residual;
    }
  }
  loss.regularizer = regularizer(x, lambda, stride);
  return loss;
}

/// Whether a row's loss follows from its system's solution alone.
HWY_INLINE bool has_closed_loss(const Objective& objective) {
  return objective.unit_weights() && !objective.biases;
}

/// The loss of a row with unit weights, whose solution x satisfies (base + Y^T Y + lambda I) x = rhs, without another
/// pass over the gathered rows: sum (t - p)^2 = sum t^2 - 2 x rhs + x^T Y^T Y x = sum t^2 - x rhs - x^T (base + lambda
/// I) x. `product` is scratch. Of sum p^2 nothing is known or needed: the unobserved part spans all pairs.
HWY_INLINE RowLoss closed_row_loss(const RowSystem& system, SparseRow entries, const float* rhs, const float* x,
                                   float lambda, float* product) {
  const Index padded_width = system.other.stride;
  double squared_targets = 0;
  for (const float value : entries.values) squared_targets += static_cast<double>(value) * static_cast<double>(value);
  multiply_base(system.base, system.other.columns, x, lambda, 0, padded_width, product);
  RowLoss loss;
  loss.regularizer = regularizer(x, lambda, padded_width);
  loss.observed = squared_targets - static_cast<double>(lane_dot(x, rhs, 0, padded_width)) -
                  static_cast<double>(lane_dot(x, product, 0, padded_width));
  return loss;
}

HWY_INLINE bool all_finite(const float* x, Index width) {
  return std::all_of(x, x + width, [](float value) { return std::isfinite(value); });
}

}  // namespace rankwise::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
