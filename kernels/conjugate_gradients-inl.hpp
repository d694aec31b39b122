// Products with a row's matrix that is never built, and conjugate gradients on them. Included once per SIMD target.
//
// Every element of a product takes its terms in one order: the base's rows ascending, the regularization, the entries
// ascending. Each entry's dot product is summed in virtual lanes.

#if defined(RANKWISE_KERNELS_CONJUGATE_GRADIENTS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef RANKWISE_KERNELS_CONJUGATE_GRADIENTS_INL_HPP
#undef RANKWISE_KERNELS_CONJUGATE_GRADIENTS_INL_HPP
#else
#define RANKWISE_KERNELS_CONJUGATE_GRADIENTS_INL_HPP
#endif

#include <algorithm>

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include "kernels/base_product-inl.hpp"
#include "kernels/csr_block.hpp"
#include "kernels/iterative_rows.hpp"
#include "kernels/primal_row-inl.hpp"
#include "kernels/row_system.hpp"
#include "kernels/row_workspace.hpp"
#include "kernels/virtual_lanes-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace rankwise::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Entries whose dot products and additions are interleaved: enough to hide the latency of FMA, few enough for AVX2's
/// registers.
constexpr Index entry_group = 4;

/// Asks for rows [begin, end), those of them that are below `count`.
HWY_INLINE void prefetch_rows(const float* const* rows, Index begin, Index end, Index count, Index width) {
  for (Index r = begin; r < std::min(end, count); ++r) {
    for (Index c = 0; c < width; c += line_floats) hwy::Prefetch(rows[r] + c);
  }
}

/// Asks for the group of rows after the next: rows lie scattered, and the first pass finds them in no cache, the others
/// mostly in L2.
HWY_INLINE void prefetch_group(const float* const* rows, Index entry, Index count, Index width) {
  prefetch_rows(rows, entry + 2 * entry_group, entry + 3 * entry_group, count, width);
}

/// A chunk of a row's entries as the normal equations have them.
struct EntryChunk {
  Index begin;  ///< of the chunk among the row's entries
  Index size;
  const float* const* rows;  ///< features, padded
  const float* values;
  const float* targets;
};

/// A row's entries, brought into the workspace chunk by chunk. The last chunk is kept, so that most rows are gathered
/// once, however often they are passed over.
class GatheredEntries {
 public:
  GatheredEntries(const RowSystem& system, SparseRow entries, RowWorkspace& workspace)
      : system_(system),
        entries_(entries),
        workspace_(workspace),
        unit_weights_(system.objective.unit_weights()),
        weight_shift_(system.objective.weight_shift()) {}

  [[nodiscard]] const RowSystem& system() const { return system_; }
  [[nodiscard]] const SparseRow& entries() const { return entries_; }
  [[nodiscard]] RowWorkspace& workspace() const { return workspace_; }
  [[nodiscard]] bool unit_weights() const { return unit_weights_; }
  [[nodiscard]] float weight(float value) const { return unit_weights_ ? 1.0F : value - weight_shift_; }

  /// The chunk that begins at entry `begin`; valid until the next is asked for.
  [[nodiscard]] EntryChunk chunk(Index begin) {
    const SparseRow chunk = entries_.middle(begin, std::min(entry_chunk, entries_.size() - begin));
    const bool biases = system_.objective.biases;
    if (begin != gathered_) {
      point_at_rows(system_.other, chunk.columns, workspace_.right_rows);
      if (biases) copy_rows(chunk);
      gathered_ = begin;
    }
    return {begin, chunk.size(), workspace_.right_rows.data(), chunk.values.data(),
            biases ? workspace_.entry_targets() : chunk.values.data()};
  }

 private:
  HWY_INLINE void copy_rows(SparseRow chunk) {
    prefetch_rows(workspace_.right_rows.data(), 0, chunk.size(), chunk.size(), workspace_.padded_width);
    move_biases(chunk, workspace_);
  }

  const RowSystem& system_;
  SparseRow entries_;
  RowWorkspace& workspace_;
  bool unit_weights_;
  float weight_shift_;
  Index gathered_ = -1;
};

/// values = -values over a padded row.
HWY_INLINE void negate(float* values, Index width) {
  const FloatTag d;
  for (Index c = 0; c < width; c += vector_floats) hn::Store(hn::Neg(hn::Load(d, values + c)), d, values + c);
}

/// lane_dot of each of kEntries rows with x over [0, end).
template <int kEntries>
HWY_INLINE void lane_dots(const float* const* rows, const float* HWY_RESTRICT x, Index end, float* HWY_RESTRICT dots) {
  const LaneTag d;
  constexpr Index step = static_cast<Index>(hn::MaxLanes(LaneTag()));
  hn::Vec<LaneTag> lanes[kEntries][lane_vectors];
  const float* entry_rows[kEntries];
  std::copy_n(rows, kEntries, entry_rows);
  for (auto& entry : lanes) {
    for (auto& lane : entry) lane = hn::Zero(d);
  }
  for (Index c = 0; c < end; c += virtual_lanes) {
    for (int v = 0; v < lane_vectors; ++v) {
      const hn::Vec<LaneTag> factor = hn::Load(d, x + c + v * step);
      for (int e = 0; e < kEntries; ++e) {
        lanes[e][v] = hn::MulAdd(hn::Load(d, entry_rows[e] + c + v * step), factor, lanes[e][v]);
      }
    }
  }
  for (int e = 0; e < kEntries; ++e) dots[e] = combine_lanes(lanes[e]);
}

/// lane_dot of each of `count` rows with x over [0, end).
HWY_INLINE void dot_rows(const float* const* rows, Index count, const float* x, Index end, float* dots) {
  Index e = 0;
  for (; e + entry_group <= count; e += entry_group) {
    prefetch_group(rows, e, count, end);
    lane_dots<entry_group>(rows + e, x, end, dots + e);
  }
  for (; e < count; ++e) lane_dots<1>(rows + e, x, end, dots + e);
}

/// out += sum over kEntries rows, ascending, of factors[e] rows[e].
template <int kEntries>
HWY_INLINE void add_scaled_rows(const float* const* rows, const float* factors, Index width, float* HWY_RESTRICT out) {
  const FloatTag d;
  const float* entry_rows[kEntries];
  FloatVector scales[kEntries];
  for (int e = 0; e < kEntries; ++e) {
    entry_rows[e] = rows[e];
    scales[e] = hn::Set(d, factors[e]);
  }
  for (Index c = 0; c < width; c += vector_floats) {
    FloatVector sum = hn::Load(d, out + c);
    for (int e = 0; e < kEntries; ++e) sum = hn::MulAdd(scales[e], hn::Load(d, entry_rows[e] + c), sum);
    hn::Store(sum, d, out + c);
  }
}

/// diagonal += sum over kEntries rows, ascending, of weights[e] rows[e]^2.
template <int kEntries>
HWY_INLINE void add_weighted_squares(const float* const* rows, const float* weights, Index width,
                                     float* HWY_RESTRICT diagonal) {
  const FloatTag d;
  for (Index c = 0; c < width; c += vector_floats) {
    FloatVector sum = hn::Load(d, diagonal + c);
    for (int e = 0; e < kEntries; ++e) {
      const FloatVector feature = hn::Load(d, rows[e] + c);
      sum = hn::MulAdd(hn::Mul(hn::Set(d, weights[e]), feature), feature, sum);
    }
    hn::Store(sum, d, diagonal + c);
  }
}

/// out += sum_i w_i <y_i, x> y_i over the kEntries entries of a chunk that begin at `e`.
template <int kEntries>
HWY_INLINE void add_group_product(const GatheredEntries& entries, const EntryChunk& chunk, Index e, const float* x,
                                  float* out) {
  const Index width = entries.workspace().padded_width;
  float factors[kEntries];
  lane_dots<kEntries>(chunk.rows + e, x, width, factors);
  for (int i = 0; i < kEntries; ++i) factors[i] = entries.weight(chunk.values[e + i]) * factors[i];
  add_scaled_rows<kEntries>(chunk.rows + e, factors, width, out);
}

/// residual += sum_i (t_i - w_i <y_i, x>) y_i and diagonal += sum_i w_i y_i^2, likewise.
template <int kEntries>
HWY_INLINE void add_group_residual(const GatheredEntries& entries, const EntryChunk& chunk, Index e, const float* x,
                                   float* residual, float* diagonal) {
  const Index width = entries.workspace().padded_width;
  float factors[kEntries];
  float weights[kEntries];
  lane_dots<kEntries>(chunk.rows + e, x, width, factors);
  for (int i = 0; i < kEntries; ++i) {
    weights[i] = entries.weight(chunk.values[e + i]);
    factors[i] = chunk.targets[e + i] - weights[i] * factors[i];
  }
  add_scaled_rows<kEntries>(chunk.rows + e, factors, width, residual);
  add_weighted_squares<kEntries>(chunk.rows + e, weights, width, diagonal);
}

/// out = A x, A being the row's matrix.
HWY_INLINE void multiply_row_matrix(GatheredEntries& entries, float lambda, const float* x, float* out) {
  const RowWorkspace& workspace = entries.workspace();
  multiply_base(entries.system().base, workspace.width, x, lambda, 0, workspace.padded_width, out);
  for (Index begin = 0; begin < entries.entries().size(); begin += entry_chunk) {
    const EntryChunk chunk = entries.chunk(begin);
    Index e = 0;
    for (; e + entry_group <= chunk.size; e += entry_group) {
      prefetch_group(chunk.rows, e, chunk.size, workspace.padded_width);
      add_group_product<entry_group>(entries, chunk, e, x, out);
    }
    for (; e < chunk.size; ++e) add_group_product<1>(entries, chunk, e, x, out);
  }
}

/// residual = b - A x and A's diagonal, over the padding lambda.
HWY_INLINE void row_residual(GatheredEntries& entries, float lambda, const float* x, float* residual, float* diagonal) {
  const RowWorkspace& workspace = entries.workspace();
  const ConstMatrixView base = entries.system().base;
  const EntryChunk first = entries.chunk(0);
  prefetch_rows(first.rows, 0, 2 * entry_group, first.size, workspace.padded_width);
  multiply_base(base, workspace.width, x, lambda, 0, workspace.padded_width, residual);
  negate(residual, workspace.padded_width);
  std::fill_n(diagonal, workspace.padded_width, lambda);
  for (Index c = 0; base.rows != 0 && c < workspace.width; ++c) diagonal[c] += base.row(c)[c];
  for (Index begin = 0; begin < entries.entries().size(); begin += entry_chunk) {
    const EntryChunk chunk = entries.chunk(begin);
    Index e = 0;
    for (; e + entry_group <= chunk.size; e += entry_group) {
      prefetch_group(chunk.rows, e, chunk.size, workspace.padded_width);
      add_group_residual<entry_group>(entries, chunk, e, x, residual, diagonal);
    }
    for (; e < chunk.size; ++e) add_group_residual<1>(entries, chunk, e, x, residual, diagonal);
  }
}

/// The vectors of conjugate gradients, in rows of the workspace that hold the system where one is built.
struct GradientVectors {
  explicit GradientVectors(RowWorkspace& workspace)
      : residual(workspace.system.row(0)),
        scaled_residual(workspace.system.row(1)),
        direction(workspace.system.row(2)),
        product(workspace.system.row(3)),
        inverse_diagonal(workspace.system.row(4)) {}
  float* residual;
  float* scaled_residual;
  float* direction;
  float* product;
  float* inverse_diagonal;
};

/// diagonal = 1 / diagonal, and 0 where it is not positive: there the direction stays zero.
HWY_INLINE void invert_diagonal(float* diagonal, Index width) {
  const FloatTag d;
  for (Index c = 0; c < width; c += vector_floats) {
    const FloatVector values = hn::Load(d, diagonal + c);
    const auto positive = hn::Gt(values, hn::Zero(d));
    hn::Store(hn::IfThenElseZero(positive, hn::Div(hn::Set(d, 1.0F), values)), d, diagonal + c);
  }
}

/// values += factor * direction over a padded row.
HWY_INLINE void add_scaled(float factor, const float* direction, float* values, Index width) {
  add_scaled_rows<1>(&direction, &factor, width, values);
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

/// Steps of preconditioned conjugate gradients from `x` (padded, aligned), in place. Numbers that are not finite are
/// not taken for convergence: they reach x.
HWY_INLINE void take_conjugate_gradient_steps(Index steps, GatheredEntries& entries, float lambda, float* x) {
  const Index width = entries.workspace().padded_width;
  const GradientVectors vectors(entries.workspace());
  row_residual(entries, lambda, x, vectors.residual, vectors.inverse_diagonal);
  invert_diagonal(vectors.inverse_diagonal, width);
  multiply_elements(vectors.inverse_diagonal, vectors.residual, vectors.direction, width);
  float norm = lane_dot(vectors.residual, vectors.direction, 0, width);
  for (Index step = 0; step < steps && norm != 0.0F; ++step) {
    multiply_row_matrix(entries, lambda, vectors.direction, vectors.product);
    const float curvature = lane_dot(vectors.direction, vectors.product, 0, width);
    if (curvature <= 0.0F) return;
    const float length = norm / curvature;
    add_scaled(length, vectors.direction, x, width);
    if (step + 1 == steps) return;
    add_scaled(-length, vectors.product, vectors.residual, width);
    multiply_elements(vectors.inverse_diagonal, vectors.residual, vectors.scaled_residual, width);
    const float next_norm = lane_dot(vectors.residual, vectors.scaled_residual, 0, width);
    turn_direction(next_norm / norm, vectors.scaled_residual, vectors.direction, width);
    norm = next_norm;
  }
}

/// One row after another by conjugate gradients.
class ConjugateGradientRows {
 public:
  explicit ConjugateGradientRows(const ConjugateGradients& method) : steps_(method.steps) {}

  /// Improves `x` in place; never refuses a system.
  [[nodiscard]] bool improve(GatheredEntries& entries, float lambda, float* x) const {
    take_conjugate_gradient_steps(steps_, entries, lambda, x);
    return true;
  }

 private:
  Index steps_;
};

}  // namespace rankwise::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
