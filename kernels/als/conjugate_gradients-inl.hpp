// Conjugate gradients with a row's matrix that is never built, in the basis where the base is diagonal. Included once
// per SIMD target.
//
// Every element of a product takes its terms in one order: the diagonal, the entries ascending. No bit of a row depends
// on the rows that take their steps with it.

#if defined(RANKWISE_KERNELS_CONJUGATE_GRADIENTS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef RANKWISE_KERNELS_CONJUGATE_GRADIENTS_INL_HPP
#undef RANKWISE_KERNELS_CONJUGATE_GRADIENTS_INL_HPP
#else
#define RANKWISE_KERNELS_CONJUGATE_GRADIENTS_INL_HPP
#endif

#include <algorithm>
#include <limits>
#include <span>

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include "kernels/als/entry_products-inl.hpp"
#include "kernels/als/gradient_workspace.hpp"

HWY_BEFORE_NAMESPACE();
namespace rankwise::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Asks for features of the next row while this one's are at work: rows lie scattered, and a row's first pass would
/// find them in no cache. They are spread evenly over the groups of entries in all passes.
class NextRowAhead {
 public:
  NextRowAhead(ConstMatrixView table, CsrRow next, Index groups)
      : table_(table), columns_(next.columns), per_group_(next.columns.size() / static_cast<std::size_t>(groups) + 1) {}

  HWY_INLINE void ask(const EntryChunk& /*chunk*/, Index /*entry*/) {
    const std::size_t end = std::min(asked_ + per_group_, columns_.size());
    for (; asked_ < end; ++asked_) {
      const float* row = table_.row(columns_[asked_]);
      for (Index c = 0; c < table_.stride; c += line_floats) __builtin_prefetch(row + c, 0, 2);
    }
  }

 private:
  ConstMatrixView table_;
  std::span<const LocalIndex> columns_;
  std::size_t asked_ = 0;
  std::size_t per_group_;
};

/// Asks for features of the same chunk of entries, two groups ahead.
class ChunkAhead {
 public:
  explicit ChunkAhead(Index width) : width_(width) {}
  HWY_INLINE void ask(const EntryChunk& chunk, Index entry) const {
    prefetch_rows(chunk.rows, entry + 2 * entry_group, entry + 3 * entry_group, chunk.size, width_);
  }

 private:
  Index width_;
};

/// (residual, diagonal) += sum over kEntries rows, ascending, of (factors[e] rows[e], rows[e]^2).
template <int kEntries>
HWY_NOINLINE void add_rows_and_squares(const float* const* rows, const float* factors, Index width,
                                       float* HWY_RESTRICT residual, float* HWY_RESTRICT diagonal) {
  const FloatTag d;
  const float* entry_rows[kEntries];
  FloatVector scales[kEntries];
#pragma GCC unroll 8
  for (int e = 0; e < kEntries; ++e) {
    entry_rows[e] = rows[e];
    scales[e] = hn::Set(d, factors[e]);
  }
  for (Index c = 0; c < width; c += vector_floats) {
    FloatVector sum = hn::Load(d, residual + c);
    FloatVector squares = hn::Load(d, diagonal + c);
#pragma GCC unroll 8
    for (int e = 0; e < kEntries; ++e) {
      const FloatVector feature = hn::Load(d, entry_rows[e] + c);
      sum = hn::MulAdd(scales[e], feature, sum);
      squares = hn::MulAdd(feature, feature, squares);
    }
    hn::Store(sum, d, residual + c);
    hn::Store(squares, d, diagonal + c);
  }
}

/// diagonal += sum over kEntries rows, ascending, of weights[e] rows[e]^2.
template <int kEntries>
HWY_NOINLINE void add_weighted_squares(const float* const* rows, const float* weights, Index width,
                                       float* HWY_RESTRICT diagonal) {
  const FloatTag d;
  for (Index c = 0; c < width; c += vector_floats) {
    FloatVector squares = hn::Load(d, diagonal + c);
#pragma GCC unroll 8
    for (int e = 0; e < kEntries; ++e) {
      const FloatVector feature = hn::Load(d, rows[e] + c);
      squares = hn::MulAdd(hn::Mul(hn::Set(d, weights[e]), feature), feature, squares);
    }
    hn::Store(squares, d, diagonal + c);
  }
}

/// b - A x and A's diagonal over the entries; the rows' dots become <y_i, x>.
struct ResidualPass {
  template <int kEntries>
  HWY_INLINE void add(const EntryGatherer& gatherer, const EntryChunk& chunk, Index e, GradientRow& row,
                      Index at) const {
    const Index width = gatherer.workspace().padded_width;
    float factors[kEntries];
    float* dots = row.dots + at;
    lane_dots<kEntries>(chunk.rows + e, row.x, width, dots);
    if (gatherer.unit_weights()) {
      for (int i = 0; i < kEntries; ++i) factors[i] = chunk.targets[e + i] - dots[i];
      add_rows_and_squares<kEntries>(chunk.rows + e, factors, width, row.residual, row.inverse_diagonal);
    } else {
      float weights[kEntries];
      for (int i = 0; i < kEntries; ++i) {
        weights[i] = gatherer.weight(chunk.values[e + i]);
        factors[i] = chunk.targets[e + i] - weights[i] * dots[i];
      }
      add_scaled_rows<kEntries>(chunk.rows + e, factors, width, row.residual);
      add_weighted_squares<kEntries>(chunk.rows + e, weights, width, row.inverse_diagonal);
    }
  }
};

/// <y_i, direction>, and the same times the weights.
struct DotsPass {
  template <int kEntries>
  HWY_INLINE void add(const EntryGatherer& gatherer, const EntryChunk& chunk, Index e, GradientRow& row,
                      Index at) const {
    lane_dots<kEntries>(chunk.rows + e, row.direction, gatherer.workspace().padded_width, row.dots + at);
    if (gatherer.unit_weights()) return;  // weighted_dots are the dots
    for (int i = 0; i < kEntries; ++i) {
      row.weighted_dots[at + i] = gatherer.weight(chunk.values[e + i]) * row.dots[at + i];
    }
  }
};

/// The same, and product += A direction over the entries.
struct ProductPass {
  template <int kEntries>
  HWY_INLINE void add(const EntryGatherer& gatherer, const EntryChunk& chunk, Index e, GradientRow& row,
                      Index at) const {
    DotsPass().add<kEntries>(gatherer, chunk, e, row, at);
    add_scaled_rows<kEntries>(chunk.rows + e, row.weighted_dots + at, gatherer.workspace().padded_width, row.product);
  }
};

/// A chunk of entries that begins at the row's position.
template <class Pass, class Prefetch>
HWY_INLINE void pass_over_chunk(const Pass& pass, EntryGatherer& gatherer, CsrRow entries, GradientRow& row,
                                Prefetch& prefetch) {
  const EntryChunk chunk = gatherer.gather(entries);
  for_each_group(0, chunk.size, [&](auto group, Index e) {
    prefetch.ask(chunk, e);
    pass.template add<group>(gatherer, chunk, e, row, row.position + e);
  });
  row.position += chunk.size;
}

/// Entries of one row in ascending order; of several rows, those in one block of columns before any beyond, so that
/// a block's features come into the cache once for all rows.
template <class Pass, class Prefetch>
HWY_INLINE void pass_over(const Pass& pass, EntryGatherer& gatherer, std::span<GradientRow> rows, Prefetch& prefetch) {
  const auto all_columns = static_cast<Index>(std::numeric_limits<LocalIndex>::max());
  const Index block = rows.size() == 1 ? all_columns : columns_per_block(gatherer.workspace().padded_width);
  for (GradientRow& row : rows) row.position = row.converged ? row.entries.size() : 0;
  bool left = true;
  for (Index bound = block; left; bound += block) {
    left = false;
    for (GradientRow& row : rows) {
      while (row.position < row.entries.size()) {
        CsrRow chunk = row.entries.middle(row.position, std::min(entry_chunk, row.entries.size() - row.position));
        if (chunk.columns.back() >= bound) {
          const auto beyond = std::lower_bound(chunk.columns.begin(), chunk.columns.end(), bound);
          chunk = chunk.middle(0, beyond - chunk.columns.begin());
          left = true;
        }
        if (chunk.size() == 0) break;
        pass_over_chunk(pass, gatherer, chunk, row, prefetch);
      }
    }
  }
}

/// diagonal = 1 / diagonal, and 0 where it is not positive: there the direction stays zero.
HWY_INLINE void invert_diagonal(float* diagonal, Index width) {
  const FloatTag d;
  for (Index c = 0; c < width; c += vector_floats) {
    const FloatVector values = hn::Load(d, diagonal + c);
    const auto positive = hn::Gt(values, hn::Zero(d));
    hn::Store(hn::IfThenElseZero(positive, hn::Div(hn::Set(d, 1.0F), values)), d, diagonal + c);
  }
}

/// direction = scaled + factor * direction over a padded row.
HWY_INLINE void turn_direction(float factor, const float* HWY_RESTRICT scaled, float* HWY_RESTRICT direction,
                               Index width) {
  const FloatTag d;
  const FloatVector factors = hn::Set(d, factor);
  for (Index c = 0; c < width; c += vector_floats) {
    hn::Store(hn::MulAdd(factors, hn::Load(d, direction + c), hn::Load(d, scaled + c)), d, direction + c);
  }
}

/// values = a * b over a padded row.
HWY_INLINE void multiply_elements(const float* HWY_RESTRICT a, const float* HWY_RESTRICT b, float* HWY_RESTRICT values,
                                  Index width) {
  const FloatTag d;
  for (Index c = 0; c < width; c += vector_floats) {
    hn::Store(hn::Mul(hn::Load(d, a + c), hn::Load(d, b + c)), d, values + c);
  }
}

/// A vector of the diagonal of base + lambda I.
HWY_INLINE FloatVector base_diagonal(const DiagonalBasis& basis, FloatVector lambda, Index column) {
  return basis.values == nullptr ? lambda : hn::Add(hn::LoadU(FloatTag(), basis.values + column), lambda);
}

/// out = the diagonal of base + lambda I.
HWY_INLINE void copy_base_diagonal(const DiagonalBasis& basis, float lambda, Index width, float* HWY_RESTRICT out) {
  const FloatTag d;
  const FloatVector lambdas = hn::Set(d, lambda);
  for (Index c = 0; c < width; c += vector_floats) hn::Store(base_diagonal(basis, lambdas, c), d, out + c);
}

/// out = (base + lambda I) x.
HWY_INLINE void multiply_base_diagonal(const DiagonalBasis& basis, float lambda, const float* HWY_RESTRICT x,
                                       Index width, float* HWY_RESTRICT out) {
  const FloatTag d;
  const FloatVector lambdas = hn::Set(d, lambda);
  for (Index c = 0; c < width; c += vector_floats) {
    hn::Store(hn::Mul(base_diagonal(basis, lambdas, c), hn::Load(d, x + c)), d, out + c);
  }
}

/// A residual is taken for zero when its squared norm has fallen by the square of float's precision, and where squares
/// of its size would no longer be normal numbers.
constexpr float converged_ratio = 1e-14F;
constexpr float converged_squared_norm = 1e-30F;

/// Conjugate gradients of one row; what its passes over the entries leave between the steps.
class GradientSteps {
 public:
  GradientSteps(const DiagonalBasis& basis, Index width) : basis_(basis), width_(width) {}

  /// What the residual and the diagonal are without the entries.
  HWY_INLINE void prepare_residual(GradientRow& row) const {
    multiply_base_diagonal(basis_, row.lambda, row.x, width_, row.residual);
    negate(row.residual, width_);
    copy_base_diagonal(basis_, row.lambda, width_, row.inverse_diagonal);
    std::fill(row.dots + row.entries.size(), row.dots + padded_columns(row.entries.size()), 0.0F);
    std::fill(row.weighted_dots + row.entries.size(), row.weighted_dots + padded_columns(row.entries.size()), 0.0F);
  }

  /// The first direction.
  HWY_INLINE void begin(GradientRow& row) const {
    std::copy_n(row.dots, row.entries.size(), row.predictions);
    invert_diagonal(row.inverse_diagonal, width_);
    multiply_elements(row.inverse_diagonal, row.residual, row.direction, width_);
    row.squared_norm = lane_dot(row.residual, row.direction, 0, width_);
    row.least_squared_norm = std::max(row.squared_norm * converged_ratio, converged_squared_norm);
    row.converged = row.squared_norm <= row.least_squared_norm;
  }

  /// What the product with the direction is without the entries.
  HWY_INLINE void prepare_product(GradientRow& row) const {
    multiply_base_diagonal(basis_, row.lambda, row.direction, width_, row.product);
    row.curvature = lane_dot(row.direction, row.product, 0, width_);
  }

  /// x += length * direction, with the length that minimizes the row's objective.
  HWY_INLINE void advance(GradientRow& row) const {
    const Index entries = row.entries.size();
    row.curvature += lane_dot(row.weighted_dots, row.dots, 0, padded_columns(entries));
    row.converged = row.curvature <= 0.0F;
    if (row.converged) return;
    row.length = row.squared_norm / row.curvature;
    add_scaled(row.length, row.direction, row.x, width_);
    add_scaled(row.length, row.dots, row.predictions, padded_columns(entries));
  }

  /// The next direction.
  HWY_INLINE void turn(GradientRow& row) const {
    add_scaled(-row.length, row.product, row.residual, width_);
    multiply_elements(row.inverse_diagonal, row.residual, row.product, width_);
    const float squared_norm = lane_dot(row.residual, row.product, 0, width_);
    turn_direction(squared_norm / row.squared_norm, row.product, row.direction, width_);
    row.squared_norm = squared_norm;
    row.converged = squared_norm <= row.least_squared_norm;
  }

 private:
  const DiagonalBasis& basis_;
  Index width_;
};

/// Steps of preconditioned conjugate gradients of all `rows`, each from its x, in place; its predictions follow.
/// Numbers that are not finite are not taken for convergence: they reach x.
template <class Prefetch>
HWY_INLINE void take_conjugate_gradient_steps(Index steps, EntryGatherer& gatherer, std::span<GradientRow> rows,
                                              Prefetch prefetch) {
  const GradientSteps gradients(gatherer.system().basis, gatherer.workspace().padded_width);
  // 1. Residuals, diagonals and first directions.
  for (GradientRow& row : rows) gradients.prepare_residual(row);
  pass_over(ResidualPass(), gatherer, rows, prefetch);
  for (GradientRow& row : rows) gradients.begin(row);
  // 2. Steps. The last needs no more of its product than the curvature.
  const auto each_row = [rows](auto action) {
    for (GradientRow& row : rows) {
      if (!row.converged) action(row);
    }
  };
  for (Index step = 1; step < steps; ++step) {
    each_row([&](GradientRow& row) { gradients.prepare_product(row); });
    pass_over(ProductPass(), gatherer, rows, prefetch);
    each_row([&](GradientRow& row) { gradients.advance(row); });
    each_row([&](GradientRow& row) { gradients.turn(row); });
  }
  each_row([&](GradientRow& row) { gradients.prepare_product(row); });
  pass_over(DotsPass(), gatherer, rows, prefetch);
  each_row([&](GradientRow& row) { gradients.advance(row); });
}

}  // namespace rankwise::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
