// Scores of one row for all centroids, and the decision of rows whose scores are too close for float. Lanes are
// centroids. Included once per SIMD target.

#if defined(RANKWISE_KERNELS_CENTROID_SCORES_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef RANKWISE_KERNELS_CENTROID_SCORES_INL_HPP
#undef RANKWISE_KERNELS_CENTROID_SCORES_INL_HPP
#else
#define RANKWISE_KERNELS_CENTROID_SCORES_INL_HPP
#endif

#include <algorithm>
#include <limits>

#include <hwy/highway.h>

#include "kernels/dense/symmetric_tiles-inl.hpp"
#include "kernels/kmeans/centroid_table.hpp"

HWY_BEFORE_NAMESPACE();
namespace rankwise::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using DoubleTag = hn::ScalableTag<double>;
using DoubleVector = hn::Vec<DoubleTag>;
using FloatOfDoubleTag = hn::Rebind<float, DoubleTag>;

/// A dense row, to be read like a CsrRow.
struct DenseRow {
  const float* values;
  Index columns;
};
HWY_INLINE Index size_of(const DenseRow& row) {
  return row.columns;
}
HWY_INLINE Index size_of(const CsrRow& row) {
  return row.size();
}
HWY_INLINE float value_at(const DenseRow& row, Index e) {
  return row.values[e];
}
HWY_INLINE float value_at(const CsrRow& row, Index e) {
  return row.values[static_cast<std::size_t>(e)];
}
HWY_INLINE Index column_at(const DenseRow&, Index e) {
  return e;
}
HWY_INLINE Index column_at(const CsrRow& row, Index e) {
  return row.columns[static_cast<std::size_t>(e)];
}

/// Scores of a row for kVectors vectors of centroids from `first`.
template <int kVectors, class Row>
HWY_NOINLINE void score_vectors(const Row& row, const CentroidTable::Packed& table, Index first, float* scores) {
  const FloatTag d;
  FloatVector sums[kVectors];
#pragma GCC unroll 8
  for (int v = 0; v < kVectors; ++v) sums[v] = hn::Load(d, table.starts.row(0) + first + v * vector_floats);
  const float* columns = table.by_dimension.row(0) + first;
  const Index stride = table.by_dimension.stride();
  const Index entries = size_of(row);
  for (Index e = 0; e < entries; ++e) {
    const FloatVector factor = hn::Set(d, value_at(row, e));
    const float* HWY_RESTRICT column = columns + column_at(row, e) * stride;
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      sums[v] = hn::MulAdd(factor, hn::Load(d, column + v * vector_floats), sums[v]);
    }
  }
#pragma GCC unroll 8
  for (int v = 0; v < kVectors; ++v) hn::Store(sums[v], d, scores + first + v * vector_floats);
}

/// Scores of a row for all centroids, and -infinity beyond the last. A single pass takes up to 8 vectors, so that what
/// the row touches of the table is found in one go.
template <class Row>
HWY_INLINE void score_row(const Row& row, const CentroidTable::Packed& table, float* scores) {
  constexpr Index widest = 8 * vector_floats;
  const Index end = padded_columns(table.centroids.rows());
  Index first = 0;
  for (; first + widest <= end; first += widest) score_vectors<8>(row, table, first, scores);
  switch ((end - first) / vector_floats) {
    case 1:
      return score_vectors<1>(row, table, first, scores);
    case 2:
      return score_vectors<2>(row, table, first, scores);
    case 3:
      return score_vectors<3>(row, table, first, scores);
    case 4:
      return score_vectors<4>(row, table, first, scores);
    case 5:
      return score_vectors<5>(row, table, first, scores);
    case 6:
      return score_vectors<6>(row, table, first, scores);
    case 7:
      return score_vectors<7>(row, table, first, scores);
    default:
      return;
  }
}

/// Centroids whose distances are taken together.
constexpr Index distance_centroids = line_floats;
constexpr int distance_vectors = static_cast<int>(distance_centroids / static_cast<Index>(hn::MaxLanes(DoubleTag())));
constexpr Index vector_doubles = static_cast<Index>(hn::MaxLanes(DoubleTag()));

HWY_INLINE DoubleVector load_as_double(const float* values) {
  return hn::PromoteTo(DoubleTag(), hn::LoadU(FloatOfDoubleTag(), values));
}

/// Squared distances |x - c|^2 to distance_centroids centroids, a line of `stride` floats per dimension, in double, the
/// dimensions in order; products and sums are rounded apart, on targets with FMA as without.
HWY_NOINLINE inline void distances_to(const DenseRow& row, const float* centroids, Index stride, double* distances) {
  const DoubleTag d;
  DoubleVector sums[distance_vectors];
#pragma GCC unroll 16
  for (auto& sum : sums) sum = hn::Zero(d);
  for (Index j = 0; j < row.columns; ++j) {
    const DoubleVector x = hn::Set(d, static_cast<double>(row.values[j]));
    const float* column = centroids + j * stride;
#pragma GCC unroll 16
    for (int v = 0; v < distance_vectors; ++v) {
      const DoubleVector difference = hn::Sub(x, load_as_double(column + v * vector_doubles));
      sums[v] = hn::Add(sums[v], hn::Mul(difference, difference));
    }
  }
#pragma GCC unroll 16
  for (int v = 0; v < distance_vectors; ++v) hn::StoreU(sums[v], d, distances + v * vector_doubles);
}

HWY_INLINE void distances_to(const DenseRow& row, const CentroidTable::Packed& table, Index first, double* distances) {
  distances_to(row, table.by_dimension.row(0) + first, table.by_dimension.stride(), distances);
}

/// The same less |x|^2 and halved, |c|^2 / 2 - <x, c>, which needs the row's entries only.
HWY_NOINLINE inline void distances_to(const CsrRow& row, const CentroidTable::Packed& table, Index first,
                                      double* distances) {
  const DoubleTag d;
  DoubleVector sums[distance_vectors];
#pragma GCC unroll 16
  for (int v = 0; v < distance_vectors; ++v) {
    sums[v] = hn::LoadU(d, table.half_squares.data() + first + v * vector_doubles);
  }
  for (Index e = 0; e < row.size(); ++e) {
    const DoubleVector x = hn::Set(d, static_cast<double>(value_at(row, e)));
    const float* column = table.by_dimension.row(column_at(row, e)) + first;
#pragma GCC unroll 16
    for (int v = 0; v < distance_vectors; ++v) {
      sums[v] = hn::Sub(sums[v], hn::Mul(x, load_as_double(column + v * vector_doubles)));
    }
  }
#pragma GCC unroll 16
  for (int v = 0; v < distance_vectors; ++v) hn::StoreU(sums[v], d, distances + v * vector_doubles);
}

/// The best of `count` scores, whole lines.
HWY_INLINE float best_score(const float* scores, Index count) {
  const FloatTag d;
  FloatVector best = hn::Load(d, scores);
  for (Index c = vector_floats; c < count; c += vector_floats) best = hn::Max(best, hn::Load(d, scores + c));
  return hn::GetLane(hn::MaxOfLanes(d, best));
}

/// Centroids whose scores are not known to be more than `bound` below the best (nor are those that are no numbers): how
/// many, and the first.
struct Candidates {
  Index count = 0;
  Index first = 0;
};
HWY_INLINE Candidates find_candidates(const float* scores, Index count, float best, float bound) {
  const FloatTag d;
  Candidates candidates;
  for (Index c = count - vector_floats; c >= 0; c -= vector_floats) {
    const auto out = hn::Gt(hn::Sub(hn::Set(d, best), hn::Load(d, scores + c)), hn::Set(d, bound));
    if (hn::AllTrue(d, out)) continue;
    const auto open = hn::Not(out);
    candidates.count += static_cast<Index>(hn::CountTrue(d, open));
    candidates.first = c + static_cast<Index>(hn::FindFirstTrue(d, open));
  }
  return candidates;
}

/// The nearest centroid among those whose scores are less than `bound` below the best, by distances in double.
template <class Row>
HWY_INLINE std::int32_t nearest_candidate(const Row& row, const CentroidTable::Packed& table, const float* scores,
                                          float best, float bound) {
  const Index count = table.centroids.rows();
  double least = std::numeric_limits<double>::infinity();
  Index nearest = 0;
  for (Index first = 0; first < count; first += distance_centroids) {
    const Index size = std::min(distance_centroids, count - first);
    if (find_candidates(scores + first, distance_centroids, best, bound).count == 0) continue;
    double distances[distance_centroids];
    distances_to(row, table, first, distances);
    for (Index i = 0; i < size; ++i) {
      if (distances[i] < least) {
        least = distances[i];
        nearest = first + i;
      }
    }
  }
  return static_cast<std::int32_t>(nearest);
}

}  // namespace rankwise::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
