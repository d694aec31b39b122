// Short rows in the dual: n unknowns, one per entry, instead of k. Included once per SIMD target.
//
// In the eigenbasis of the base matrix a row's system is (D + Y^T W Y) x = Y^T t with D = values + lambda I diagonal.
// By Woodbury's identity x = D^-1 Y^T z, where (Y D^-1 Y^T + W^-1) z = W^-1 t, an n x n system whose smallest
// eigenvalue is at least the smallest 1 / w. z is what the solution leaves of each target: z_i = t_i - w_i <y_i, x>.

#if defined(RANKWISE_KERNELS_DUAL_ROWS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef RANKWISE_KERNELS_DUAL_ROWS_INL_HPP
#undef RANKWISE_KERNELS_DUAL_ROWS_INL_HPP
#else
#define RANKWISE_KERNELS_DUAL_ROWS_INL_HPP
#endif

#include <algorithm>
#include <span>

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include "kernels/als/dual_workspace.hpp"
#include "kernels/als/primal_row-inl.hpp"
#include "kernels/als/row_system.hpp"
#include "kernels/als/row_workspace.hpp"
#include "kernels/base/csr_block.hpp"
#include "kernels/dense/cholesky-inl.hpp"
#include "kernels/dense/symmetric_tiles-inl.hpp"
#include "kernels/dense/virtual_lanes-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace rankwise::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Stands for a weight of zero: 1 / w and t / w stay finite, and z = t to the last bit.
constexpr float least_weight = 1e-30F;

/// workspace.dual.inverse_base() = 1 / (values + lambda). Rows sorted by length share it.
HWY_INLINE void invert_base(const DiagonalBasis& basis, float lambda, RowWorkspace& workspace) {
  if (workspace.dual.inverse_base_lambda == lambda) return;
  workspace.dual.inverse_base_lambda = lambda;
  const FloatTag d;
  const FloatVector one = hn::Set(d, 1.0F);
  const FloatVector lambdas = hn::Set(d, lambda);
  float* inverse = workspace.dual.inverse_base();
  for (Index c = 0; c < workspace.padded_width; c += vector_floats) {
    const FloatVector base = basis.values == nullptr ? lambdas : hn::Add(hn::LoadU(d, basis.values + c), lambdas);
    hn::Store(hn::Div(one, base), d, inverse + c);
  }
}

/// Points workspace.right_rows at the row's features in the basis; returns the targets.
HWY_INLINE const float* find_dual_rows(const RowSystem& system, CsrRow entries, RowWorkspace& workspace) {
  point_at_rows(system.dual.rotated, entries.columns, workspace.right_rows);
  if (!system.objective.biases) return entries.values.data();
  move_biases(entries, workspace);
  return workspace.entry_targets();
}

HWY_INLINE float dual_weight(const Objective& objective, float value) {
  return objective.unit_weights() ? 1.0F : std::max(value - objective.weight_shift(), least_weight);
}

/// x = D^-1 sum_i z_i y_i, i ascending.
template <int kVectors>
HWY_INLINE void combine_columns(const float* const* rows, const float* z, Index entries, Index column,
                                const float* inverse_base, float* x) {
  const FloatTag d;
  FloatVector sums[kVectors];
  for (auto& sum : sums) sum = hn::Zero(d);
  for (Index e = 0; e < entries; ++e) {
    const float* HWY_RESTRICT row = rows[e] + column;
    const FloatVector factor = hn::Set(d, z[e]);
    for (int v = 0; v < kVectors; ++v) sums[v] = hn::MulAdd(factor, hn::Load(d, row + v * vector_floats), sums[v]);
  }
  for (int v = 0; v < kVectors; ++v) {
    const Index c = column + v * vector_floats;
    hn::Store(hn::Mul(sums[v], hn::Load(d, inverse_base + c)), d, x + c);
  }
}

HWY_INLINE void combine_rows(const float* z, Index entries, RowWorkspace& workspace, float* x) {
  const float* const* rows = workspace.right_rows.data();
  const float* inverse_base = workspace.dual.inverse_base();
  Index column = 0;
  for (; column + 8 * vector_floats <= workspace.padded_width; column += 8 * vector_floats) {
    combine_columns<8>(rows, z, entries, column, inverse_base, x);
  }
  for (; column + 4 * vector_floats <= workspace.padded_width; column += 4 * vector_floats) {
    combine_columns<4>(rows, z, entries, column, inverse_base, x);
  }
  for (; column < workspace.padded_width; column += vector_floats) {
    combine_columns<1>(rows, z, entries, column, inverse_base, x);
  }
}

// ---- Rows of more than lane_entries entries: tiles over the transposed features ----

/// Transposes the square block of lanes: log2(lanes) perfect unshuffles.
HWY_INLINE void transpose_block([[maybe_unused]] FloatVector (&block)[vector_floats]) {
#if HWY_TARGET != HWY_SCALAR
  const FloatTag d;
  FloatVector shuffled[vector_floats];
  for (Index step = 1; step < vector_floats; step *= 2) {
    for (Index i = 0; i < vector_floats / 2; ++i) {
      shuffled[i] = hn::ConcatEven(d, block[2 * i + 1], block[2 * i]);
      shuffled[i + vector_floats / 2] = hn::ConcatOdd(d, block[2 * i + 1], block[2 * i]);
    }
    for (Index i = 0; i < vector_floats; ++i) block[i] = shuffled[i];
  }
#endif
}

/// Panels of the transposed features: line c of `features` holds column c of all entries, line c of `scaled` the same
/// divided by D(c). Entries are padded with zeros to whole lines.
HWY_INLINE void transpose_features(Index entries, RowWorkspace& workspace) {
  const FloatTag d;
  const float* inverse_base = workspace.dual.inverse_base();
  const Index padded_entries = padded_columns(entries);
  for (Index e = entries; e < padded_entries; ++e) {
    workspace.right_rows[static_cast<std::size_t>(e)] = workspace.dual.no_features();
  }
  for (Index first = 0; first < padded_entries; first += vector_floats) {
    const float* const* rows = workspace.right_rows.data() + first;
    for (Index column = 0; column < workspace.padded_width; column += vector_floats) {
      FloatVector block[vector_floats];
      for (Index e = 0; e < vector_floats; ++e) block[e] = hn::Load(d, rows[e] + column);
      transpose_block(block);
      for (Index c = 0; c < vector_floats; ++c) {
        hn::Store(block[c], d, workspace.dual.features.row(column + c) + first);
        hn::Store(hn::Mul(block[c], hn::Set(d, inverse_base[column + c])), d,
                  workspace.dual.scaled.row(column + c) + first);
      }
    }
  }
}

/// Spreads the lines of the next row's features over the pointers that tiles prefetch from: one per feature of this
/// row's product, each read at the columns of its `padded_entries`.
HWY_INLINE const float* const* spread_upcoming(const RowSystem& system, CsrRow upcoming, Index padded_entries,
                                               RowWorkspace& workspace) {
  const Index count = std::max<Index>(1, upcoming.size());
  Index entry = 0;
  Index column = 0;
  for (Index c = 0; c < workspace.width; ++c) {
    const float* row = upcoming.size() == 0
                           ? workspace.dual.no_features()
                           : system.dual.rotated.row(upcoming.columns[static_cast<std::size_t>(entry)]);
    workspace.upcoming_rows[static_cast<std::size_t>(c)] = row + column;
    if (++entry == count) {
      entry = 0;
      column = column + padded_entries < workspace.padded_width ? column + padded_entries : 0;
    }
  }
  return workspace.upcoming_rows.data();
}

/// Solves one row into `x`, in the basis; `upcoming` is the next such row. workspace.rhs() is z. False when the system
/// is not positive definite.
HWY_INLINE bool solve_dual_row(const RowSystem& system, CsrRow entries, CsrRow upcoming, float lambda,
                               RowWorkspace& workspace, float* x) {
  const Index count = entries.size();
  const Index padded_entries = padded_columns(count);
  // 1. Features and their transposes.
  const float* targets = find_dual_rows(system, entries, workspace);
  invert_base(system.basis, lambda, workspace);
  transpose_features(count, workspace);
  // 2. The n x n system, a sum over the k features.
  DualWorkspace& dual = workspace.dual;
  const EntryRows rows{dual.scaled_lines.data(), dual.feature_lines.data(),
                       spread_upcoming(system, upcoming, padded_entries, workspace), 1, padded_entries};
  add_symmetric_product(rows, workspace.width,
                        {nullptr, 0, workspace.system.matrix.row(0), workspace.system.matrix.stride()}, {});
  for (Index e = 0; e < count; ++e) {
    const float inverse_weight = 1.0F / dual_weight(system.objective, entries.values[static_cast<std::size_t>(e)]);
    workspace.system.matrix.row(e)[e] += inverse_weight;
    workspace.rhs()[e] = targets[e] * inverse_weight;
  }
  std::fill(workspace.rhs() + count, workspace.rhs() + padded_entries, 0.0F);
  // 3. z, and x from it.
  if (!factor_and_solve(workspace.system, count)) return false;
  combine_rows(workspace.rhs(), count, workspace, x);
  return true;
}

// ---- Rows of at most lane_entries entries: systems interleaved, so that lanes are rows ----

/// Features per side of a tile of dot products: 16 accumulators of 16 lanes fit AVX-512's registers, 4 AVX2's.
constexpr Index dot_tile = lane_vectors == 1 ? 4 : lane_vectors == 2 ? 2 : 1;

/// products[i][j] = <rows[first + i], D^-1 rows[second + j]>, each by virtual lanes.
HWY_INLINE void dot_products(const float* const* first, const float* const* second, const float* inverse_base,
                             Index width, float (&products)[dot_tile][dot_tile]) {
  const LaneTag d;
  constexpr Index step = static_cast<Index>(hn::MaxLanes(LaneTag()));
  hn::Vec<LaneTag> sums[dot_tile][dot_tile][lane_vectors];
  for (auto& sum_row : sums) {
    for (auto& lanes : sum_row) {
      for (auto& lane : lanes) lane = hn::Zero(d);
    }
  }
  for (Index c = 0; c < width; c += virtual_lanes) {
    for (int v = 0; v < lane_vectors; ++v) {
      const Index at = c + v * step;
      const hn::Vec<LaneTag> inverse = hn::Load(d, inverse_base + at);
      hn::Vec<LaneTag> scaled[dot_tile];
      for (Index j = 0; j < dot_tile; ++j) scaled[j] = hn::Mul(inverse, hn::Load(d, second[j] + at));
      for (Index i = 0; i < dot_tile; ++i) {
        const hn::Vec<LaneTag> features = hn::Load(d, first[i] + at);
        for (Index j = 0; j < dot_tile; ++j) sums[i][j][v] = hn::MulAdd(features, scaled[j], sums[i][j][v]);
      }
    }
  }
  for (Index i = 0; i < dot_tile; ++i) {
    for (Index j = 0; j < dot_tile; ++j) products[i][j] = combine_lanes(sums[i][j]);
  }
}

/// Writes one row's system and right-hand side into lane `lane` of the interleaved systems.
HWY_INLINE void build_lane_system(const RowSystem& system, CsrRow entries, float lambda, Index lane,
                                  RowWorkspace& workspace) {
  const Index count = entries.size();
  const float* targets = find_dual_rows(system, entries, workspace);
  invert_base(system.basis, lambda, workspace);
  DualWorkspace& dual = workspace.dual;
  // Tiles may reach beyond the last entry: the surplus products go nowhere.
  const float* rows[lane_entries + dot_tile];
  for (Index e = 0; e < count + dot_tile; ++e) {
    rows[e] = workspace.right_rows[static_cast<std::size_t>(std::min(e, count - 1))];
  }
  for (Index first = 0; first < count; first += dot_tile) {
    for (Index second = first; second < count; second += dot_tile) {
      float products[dot_tile][dot_tile];
      dot_products(rows + first, rows + second, dual.inverse_base(), workspace.padded_width, products);
      for (Index i = 0; i < dot_tile; ++i) {
        for (Index j = 0; j < dot_tile; ++j) {
          if (first + i > second + j || second + j >= count) continue;
          dual.lane_system(first + i, second + j)[lane] = products[i][j];
        }
      }
    }
  }
  for (Index e = 0; e < count; ++e) {
    const float inverse_weight = 1.0F / dual_weight(system.objective, entries.values[static_cast<std::size_t>(e)]);
    dual.lane_system(e, e)[lane] += inverse_weight;
    dual.lane_rhs(e)[lane] = targets[e] * inverse_weight;
  }
}

/// L D L^T and both solves of vector_floats systems of `count` unknowns at once; lane_rhs becomes z. Lanes with fewer
/// unknowns have ones on the rest of the diagonal and zeros elsewhere, which changes no bit of theirs.
HWY_INLINE void solve_lane_systems(Index count, DualWorkspace& dual) {
  const FloatTag d;
  FloatVector inverse_pivots[lane_entries];
  for (Index p = 0; p < count; ++p) {
    inverse_pivots[p] = hn::Div(hn::Set(d, 1.0F), hn::Load(d, dual.lane_system(p, p)));
    const FloatVector pivot_rhs = hn::Load(d, dual.lane_rhs(p));
    for (Index i = p + 1; i < count; ++i) {
      const FloatVector multiplier = hn::Mul(hn::Load(d, dual.lane_system(p, i)), inverse_pivots[p]);
      for (Index j = i; j < count; ++j) {
        float* place = dual.lane_system(i, j);
        hn::Store(hn::NegMulAdd(multiplier, hn::Load(d, dual.lane_system(p, j)), hn::Load(d, place)), d, place);
      }
      float* rhs = dual.lane_rhs(i);
      hn::Store(hn::NegMulAdd(multiplier, pivot_rhs, hn::Load(d, rhs)), d, rhs);
    }
  }
  for (Index p = count - 1; p >= 0; --p) {
    FloatVector sum = hn::Load(d, dual.lane_rhs(p));
    for (Index j = p + 1; j < count; ++j) {
      sum = hn::NegMulAdd(hn::Load(d, dual.lane_system(p, j)), hn::Load(d, dual.lane_rhs(j)), sum);
    }
    hn::Store(hn::Mul(sum, inverse_pivots[p]), d, dual.lane_rhs(p));
  }
}

}  // namespace rankwise::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
