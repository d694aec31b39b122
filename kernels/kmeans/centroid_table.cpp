#include "kernels/kmeans/centroid_table.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace rankwise::kernels {

namespace {

/// Columns for `count` centroids: whole lines, and never a multiple of 8 of them, which would send all dimensions to
/// few sets of L1.
Index table_columns(Index count) {
  const Index columns = padded_columns(count);
  return columns % (8 * line_floats) == 0 ? columns + line_floats : columns;
}

double half_square(ConstMatrixView rows, Index r) {
  double sum = 0;
  for (const float value : rows.row_span(r)) sum += static_cast<double>(value) * static_cast<double>(value);
  return sum / 2;
}

}  // namespace

CentroidTable::Packed::Packed(ConstMatrixView given)
    : centroids(given.rows, given.columns),
      by_dimension(given.columns, table_columns(given.rows)),
      starts(1, by_dimension.stride()),
      half_squares(static_cast<std::size_t>(by_dimension.stride())) {
  std::fill_n(starts.row(0), starts.stride(), -std::numeric_limits<float>::infinity());
  for (Index c = 0; c < given.rows; ++c) {
    std::ranges::copy(given.row_span(c), centroids.row(c));
    const double half = half_square(given, c);
    half_squares[static_cast<std::size_t>(c)] = half;
    starts.row(0)[c] = static_cast<float>(-half);
    largest_norm = std::max(largest_norm, std::sqrt(2 * half));
  }
  for (Index first = 0; first < given.columns; first += line_floats) {
    const Index end = std::min(first + line_floats, given.columns);
    for (Index c = 0; c < given.rows; ++c) {
      for (Index j = first; j < end; ++j) by_dimension.row(j)[c] = given.row(c)[j];
    }
  }
}

// With u = 2^-24, each of a score's m + 1 terms goes through at most m + 2 roundings (the start's own, its product's
// where there is no FMA, and one per addition), so that the score is off by at most
//
//   E = g (|c|^2 / 2 + sum |x_j c_j|) <= g (C^2 / 2 + |x| C),    g = (m + 2) u / (1 - (m + 2) u),    C = max |c|
//
// and by 2^-150 for each of the 2 m + 1 roundings that may underflow. Two scores further apart than 2 E are in the
// right order. |x| is the root of a float sum of m squares, less than the true one by a factor of at most sqrt(1 - g).
// The last factor covers the roundings of the bound and of the gap.
CentroidTable::Packed::ErrorBound CentroidTable::Packed::gap_bound(Index terms, double norm) {
  constexpr double unit_roundoff = 0x1p-24;
  constexpr double slack = 1 + 0x1p-18;
  const double roundings = static_cast<double>(terms + 2) * unit_roundoff;
  // Below these limits no partial score and no part of the bound overflows unless |x|^2 does.
  if (roundings > 0.25 || norm > 0x1p60) return {std::numeric_limits<float>::infinity(), 0};
  const double g = roundings / (1 - roundings);
  const double underflow = static_cast<double>(4 * terms + 8) * 0x1p-149;
  return {static_cast<float>((g * norm * norm + underflow) * slack),
          static_cast<float>(2 * g * norm / std::sqrt(1 - g) * slack)};
}

CentroidTable::CentroidTable(ConstMatrixView centroids) : packed_(std::make_unique<const Packed>(centroids)) {}
CentroidTable::~CentroidTable() = default;
CentroidTable::CentroidTable(CentroidTable&&) noexcept = default;
CentroidTable& CentroidTable::operator=(CentroidTable&&) noexcept = default;

Index CentroidTable::count() const {
  return packed_->centroids.rows();
}
Index CentroidTable::dimensions() const {
  return packed_->centroids.columns();
}
ConstMatrixView CentroidTable::centroids() const {
  return packed_->centroids.view();
}

}  // namespace rankwise::kernels
