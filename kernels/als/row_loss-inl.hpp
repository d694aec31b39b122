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

#include "kernels/als/row_system.hpp"
#include "kernels/base/csr_block.hpp"
#include "kernels/dense/base_product-inl.hpp"
#include "kernels/dense/virtual_lanes-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace rankwise::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Asks for the factor rows of an entry a few entries ahead.
HWY_INLINE void prefetch_row(const RowSystem& system, CsrRow entries, Index entry) {
  constexpr Index distance = 8;
  if (entry + distance >= entries.size()) return;
  const float* row = system.other.row(entries.columns[static_cast<std::size_t>(entry + distance)]);
  for (Index c = 0; c < system.other.stride; c += line_floats) hwy::Prefetch(row + c);
}

/// lambda |x|^2.
HWY_INLINE double regularizer(const float* x, float lambda, Index stride) {
  return static_cast<double>(lambda) * static_cast<double>(lane_dot(x, x, 0, stride));
}

/// lambda |x - prior|^2; a null prior stands for zero. `difference` is scratch.
HWY_INLINE double regularizer(const float* x, const float* prior, float lambda, Index stride, float* difference) {
  if (prior == nullptr) return regularizer(x, lambda, stride);
  const FloatTag d;
  for (Index c = 0; c < stride; c += vector_floats)
    hn::Store(hn::Sub(hn::Load(d, x + c), hn::Load(d, prior + c)), d, difference + c);
  return regularizer(difference, lambda, stride);
}

/// Adds the share of an entry with this prediction.
HWY_INLINE void add_entry_loss(const Objective& objective, float value, double prediction, RowLoss& loss) {
  if (objective.loss == LossKind::implicit_feedback) {
    loss.observed += static_cast<double>(value) * (1.0 - prediction) * (1.0 - prediction);
    loss.observed_squares += prediction * prediction;
  } else {
    const double residual = static_cast<double>(value) - prediction;
    loss.observed += residual * residual;
  }
}

/// The observed part of the loss of `entries` at solution `x` (padded, aligned).
HWY_INLINE RowLoss entries_loss(const RowSystem& system, CsrRow entries, const float* x) {
  const Index stride = system.other.stride;
  const Index width = system.other.columns;
  RowLoss loss;
  for (Index e = 0; e < entries.size(); ++e) {
    prefetch_row(system, entries, e);
    const auto entry = static_cast<std::size_t>(e);
    const float* features = system.other.row(entries.columns[entry]);
    auto prediction = static_cast<double>(lane_dot(features, x, 0, stride));
    if (system.objective.biases) {
      const auto other_bias = static_cast<double>(features[width - 1]);
      const auto own_bias = static_cast<double>(x[width - 1]);
      prediction += own_bias + other_bias - own_bias * other_bias;  // the dot multiplied the two biases
    }
    add_entry_loss(system.objective, entries.values[entry], prediction, loss);
  }
  return loss;
}

/// The row's loss at solution `x`.
HWY_INLINE RowLoss row_loss(const RowSystem& system, CsrRow entries, const float* x, float lambda) {
  RowLoss loss = entries_loss(system, entries, x);
  loss.regularizer = regularizer(x, lambda, system.other.stride);
  return loss;
}

/// The observed part of the loss where predictions <y_i, x> of all entries are known; with biases, y_i has a one in
/// place of the other side's bias. Summed in four parts, whose chains of additions run side by side.
HWY_INLINE RowLoss predicted_loss(const RowSystem& system, CsrRow entries, const float* predictions) {
  const Index bias_column = system.other.columns - 1;
  RowLoss parts[4];
  for (std::size_t e = 0; e < entries.columns.size(); ++e) {
    auto prediction = static_cast<double>(predictions[e]);
    if (system.objective.biases) prediction += static_cast<double>(system.other.row(entries.columns[e])[bias_column]);
    add_entry_loss(system.objective, entries.values[e], prediction, parts[e % 4]);
  }
  return {(parts[0].observed + parts[1].observed) + (parts[2].observed + parts[3].observed),
          (parts[0].observed_squares + parts[1].observed_squares) +
              (parts[2].observed_squares + parts[3].observed_squares)};
}

/// The loss of a row with unit weights, whose solution x satisfies (base + Y^T Y + lambda I) x = rhs, without another
/// pass over the gathered rows: sum (t - p)^2 = sum t^2 - 2 x rhs + x^T Y^T Y x = sum t^2 - x rhs - x^T (base + lambda
/// I) x. With a prior m, the system's right-hand side is rhs + lambda m, and x^T (rhs + lambda m) takes the place of
/// x^T rhs in the last step: the sum is as above with rhs - lambda m for rhs, which is what the caller passes. The
/// regularizer is the caller's. `product` is scratch. Of sum p^2 nothing is known or needed: the unobserved part spans
/// all pairs.
HWY_INLINE RowLoss closed_row_loss(const RowSystem& system, double target_squares, const float* rhs, const float* x,
                                   float lambda, float* product) {
  const Index padded_width = system.other.stride;
  multiply_base(system.base, system.other.columns, x, lambda, 0, padded_width, product);
  RowLoss loss;
  loss.observed = target_squares - static_cast<double>(lane_dot(x, rhs, 0, padded_width)) -
                  static_cast<double>(lane_dot(x, product, 0, padded_width));
  return loss;
}

/// Whether all elements of a padded row, whose padding is zero, are finite.
HWY_INLINE bool all_finite(const float* row, Index padded_width) {
  const FloatTag d;
  auto finite = hn::IsFinite(hn::Load(d, row));
  for (Index c = vector_floats; c < padded_width; c += vector_floats) {
    finite = hn::And(finite, hn::IsFinite(hn::Load(d, row + c)));
  }
  return hn::AllTrue(d, finite);
}

}  // namespace rankwise::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
