#include "kernels/kmeans/centroid_sums.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/kmeans/centroid_sums.cpp"
#include <hwy/foreach_target.h>
//
#include <hwy/highway.h>

#ifndef RANKWISE_KERNELS_CENTROID_SUMS_ONCE
#define RANKWISE_KERNELS_CENTROID_SUMS_ONCE
namespace rankwise::kernels {

/// A number of magnitude at most 2^51 that is added to this is rounded to a whole one, in the low bits of the sum.
inline constexpr double rounding_magic = 0x1.8p52;
inline constexpr auto magic_bits = std::bit_cast<std::int64_t>(rounding_magic);

/// Rounds to the nearest whole number, ties to even.
inline std::int64_t rounded(double number) {
  return std::bit_cast<std::int64_t>(number + rounding_magic) - magic_bits;
}

inline double weight_of(std::span<const float> weights, Index r) {
  return weights.empty() ? 1.0 : static_cast<double>(weights[static_cast<std::size_t>(r)]);
}

/// Counts a row of the weight into the cluster, or out of it by sign -1.
inline void count_row(std::int64_t sign, double weight, const SumQuanta& quanta, Index cluster, CentroidSums& sums) {
  const auto c = static_cast<std::size_t>(cluster);
  sums.counts[c] += sign;
  sums.weights[c] += sign * rounded(weight * quanta.inverse_weight);
}

}  // namespace rankwise::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace rankwise::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using DoubleTag = hn::ScalableTag<double>;
using IntegerTag = hn::RebindToSigned<DoubleTag>;
using FloatOfDoubleTag = hn::Rebind<float, DoubleTag>;
using IntegerVector = hn::Vec<IntegerTag>;

constexpr Index vector_doubles = static_cast<Index>(hn::MaxLanes(DoubleTag()));

/// Weighted values of a row in quanta. value * weight has at most 48 bits and the quantum is a power of two, so that
/// the sum is the only rounding, with FMA or without.
HWY_INLINE IntegerVector terms_at(const float* row, double weight, const SumQuanta& quanta, Index j) {
  const DoubleTag d;
  const auto values = hn::PromoteTo(d, hn::Load(FloatOfDoubleTag(), row + j));
  const auto scale = hn::Mul(hn::Set(d, weight), hn::LoadU(d, quanta.inverse.data() + j));
  return hn::Sub(hn::BitCast(IntegerTag(), hn::MulAdd(values, scale, hn::Set(d, rounding_magic))),
                 hn::Set(IntegerTag(), magic_bits));
}

void add_dense(ConstMatrixView rows, std::span<const float> weights, const std::int32_t* clusters,
               const SumQuanta& quanta, CentroidSums& sums) {
  const IntegerTag di;
  for (Index r = 0; r < rows.rows; ++r) {
    const double weight = weight_of(weights, r);
    const float* row = rows.row(r);
    std::int64_t* sum = sums.row(clusters[r]);
    for (Index j = 0; j < rows.columns; j += vector_doubles) {
      hn::Store(hn::Add(hn::Load(di, sum + j), terms_at(row, weight, quanta, j)), di, sum + j);
    }
    count_row(1, weight, quanta, clusters[r], sums);
  }
}

/// Rows of a chunk that move.
struct MovedRows {
  Index count = 0;
  Index rows[chunk_rows];
};

/// Finds them, and asks for their values ahead of use: few rows that move lie far apart.
HWY_INLINE MovedRows moved_rows(ConstMatrixView rows, RowRange chunk, const std::int32_t* before,
                                const std::int32_t* after) {
  MovedRows moved;
  for (Index r = chunk.begin; r < chunk.end; ++r) {
    if (before[r] == after[r]) continue;
    moved.rows[moved.count++] = r;
    for (Index j = 0; j < rows.columns; j += line_floats) __builtin_prefetch(rows.row(r) + j);
  }
  return moved;
}

void move_dense(ConstMatrixView rows, std::span<const float> weights, const std::int32_t* before,
                const std::int32_t* after, const SumQuanta& quanta, CentroidSums& sums) {
  const IntegerTag di;
  for (Index begin = 0; begin < rows.rows; begin += chunk_rows) {
    const MovedRows moved = moved_rows(rows, {begin, std::min(begin + chunk_rows, rows.rows)}, before, after);
    for (Index i = 0; i < moved.count; ++i) {
      const Index r = moved.rows[i];
      if (before[r] < 0) {
        add_dense(rows.middle_rows(r, 1), weights.empty() ? weights : weights.subspan(static_cast<std::size_t>(r), 1),
                  after + r, quanta, sums);
        continue;
      }
      const double weight = weight_of(weights, r);
      const float* row = rows.row(r);
      std::int64_t* from = sums.row(before[r]);
      std::int64_t* to = sums.row(after[r]);
      for (Index j = 0; j < rows.columns; j += vector_doubles) {
        const IntegerVector terms = terms_at(row, weight, quanta, j);
        hn::Store(hn::Sub(hn::Load(di, from + j), terms), di, from + j);
        hn::Store(hn::Add(hn::Load(di, to + j), terms), di, to + j);
      }
      count_row(-1, weight, quanta, before[r], sums);
      count_row(1, weight, quanta, after[r], sums);
    }
  }
}

}  // namespace rankwise::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace rankwise::kernels {

namespace {

/// Adds the row to the cluster's sums, or takes it out by sign -1.
void add_sparse(const CsrRow& row, std::int64_t sign, double weight, const SumQuanta& quanta, Index cluster,
                CentroidSums& sums) {
  std::int64_t* sum = sums.row(cluster);
  for (std::size_t e = 0; e < row.columns.size(); ++e) {
    const auto column = static_cast<std::size_t>(row.columns[e]);
    sum[column] += sign * rounded(static_cast<double>(row.values[e]) * weight * quanta.inverse[column]);
  }
  count_row(sign, weight, quanta, cluster, sums);
}

/// The inverse of the least power of two under which terms of at most `largest` stay within 2^51 and `rows` of them
/// within 2^62.
double inverse_quantum(double largest, Index rows) {
  int exponent_of_largest = 0;
  int exponent_of_rows = 0;
  std::frexp(largest, &exponent_of_largest);  // both exponents are upper bounds
  std::frexp(static_cast<double>(std::max<Index>(rows, 1)), &exponent_of_rows);
  // The clamp keeps quanta and their inverses normal.
  return std::ldexp(1.0, -std::clamp(exponent_of_largest + std::max(exponent_of_rows - 62, -51), -1000, 1000));
}

}  // namespace

SumQuanta SumQuanta::for_rows(std::span<const double> largest_magnitudes, double largest_weight, Index rows) {
  SumQuanta quanta;
  quanta.inverse.resize(static_cast<std::size_t>(padded_columns(static_cast<Index>(largest_magnitudes.size()))));
  std::ranges::transform(largest_magnitudes, quanta.inverse.begin(),
                         [rows](double largest) { return inverse_quantum(largest, rows); });
  quanta.inverse_weight = inverse_quantum(largest_weight, rows);
  return quanta;
}

CentroidSums::CentroidSums(Index cluster_count, Index dimension_count)
    : clusters(cluster_count),
      dimensions(dimension_count),
      stride(padded_columns(dimension_count)),
      values(static_cast<std::size_t>(clusters * stride)),
      counts(static_cast<std::size_t>(clusters)),
      weights(static_cast<std::size_t>(clusters)) {}

CentroidSums& CentroidSums::operator+=(const CentroidSums& other) {
  const auto add = [](auto& to, const auto& from) { std::ranges::transform(to, from, to.begin(), std::plus<>()); };
  add(values, other.values);
  add(counts, other.counts);
  add(weights, other.weights);
  return *this;
}

HWY_EXPORT(add_dense);
HWY_EXPORT(move_dense);

void add_rows(ConstMatrixView rows, std::span<const float> weights, std::span<const std::int32_t> clusters,
              const SumQuanta& quanta, CentroidSums& sums) {
  HWY_DYNAMIC_DISPATCH(add_dense)(rows, weights, clusters.data(), quanta, sums);
}

void move_rows(ConstMatrixView rows, std::span<const float> weights, std::span<const std::int32_t> before,
               std::span<const std::int32_t> after, const SumQuanta& quanta, CentroidSums& sums) {
  HWY_DYNAMIC_DISPATCH(move_dense)(rows, weights, before.data(), after.data(), quanta, sums);
}

void add_rows(const CsrBlock& block, RowRange rows, std::span<const float> weights,
              std::span<const std::int32_t> clusters, const SumQuanta& quanta, CentroidSums& sums) {
  for (Index r = 0; r < rows.size(); ++r) {
    add_sparse(block.row(rows.begin + r), 1, weight_of(weights, r), quanta, clusters[static_cast<std::size_t>(r)],
               sums);
  }
}

void move_rows(const CsrBlock& block, RowRange rows, std::span<const float> weights,
               std::span<const std::int32_t> before, std::span<const std::int32_t> after, const SumQuanta& quanta,
               CentroidSums& sums) {
  for (Index r = 0; r < rows.size(); ++r) {
    const auto at = static_cast<std::size_t>(r);
    if (before[at] == after[at]) continue;
    const CsrRow row = block.row(rows.begin + r);
    const double weight = weight_of(weights, r);
    if (before[at] >= 0) add_sparse(row, -1, weight, quanta, before[at], sums);
    add_sparse(row, 1, weight, quanta, after[at], sums);
  }
}

}  // namespace rankwise::kernels
#endif
