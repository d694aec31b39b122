#include "distributed/kmeans/feature_scaling.hpp"

#include <algorithm>
#include <cmath>
#include <span>

#include "distributed/threads/team_size.hpp"
#include "kernels/base/fixed_point_sum.hpp"

namespace rankwise {

namespace {

/// Order-free weighted mean of term(r, j) over all rows r, for each dimension j. Collective over comm.
template <class Term>
std::vector<double> mean_of(const Communicator& comm, const Points& points, const Term& term) {
  const auto dimensions = static_cast<std::size_t>(points.dimensions);
  std::vector<double> largest(dimensions + 1);
  for (Index r = 0; r < points.mine.size(); ++r) {
    for (std::size_t j = 0; j < dimensions; ++j) {
      largest[j] = std::max(largest[j], std::fabs(points.weight(r) * term(r, j)));
    }
    largest[dimensions] = std::max(largest[dimensions], points.weight(r));
  }
  comm.all_reduce_max(std::span<double>(largest));
  std::vector<FixedPointScale> scales;
  for (const double bound : largest) scales.push_back(FixedPointScale::for_terms(bound, points.count));
  std::vector<std::int64_t> sums(dimensions + 1);
  for (Index r = 0; r < points.mine.size(); ++r) {
    for (std::size_t j = 0; j < dimensions; ++j) sums[j] += scales[j].to_fixed(points.weight(r) * term(r, j));
    sums[dimensions] += scales[dimensions].to_fixed(points.weight(r));
  }
  comm.all_reduce_sum(std::span<std::int64_t>(sums));
  const double weight = scales[dimensions].from_fixed(sums[dimensions]);
  std::vector<double> means(dimensions);
  for (std::size_t j = 0; j < dimensions; ++j) means[j] = scales[j].from_fixed(sums[j]) / weight;
  return means;
}

double transformed(DimensionTransform transform, double value) {
  return transform == DimensionTransform::logarithm ? signed_logarithm(value) : value;
}

void normalize(float* begin, float* end) {
  double squares = 0;
  for (const float* x = begin; x != end; ++x) squares += static_cast<double>(*x) * static_cast<double>(*x);
  if (squares == 0) return;
  const double length = std::sqrt(squares);
  for (float* x = begin; x != end; ++x) *x = static_cast<float>(static_cast<double>(*x) / length);
}

}  // namespace

double signed_logarithm(double value) {
  return std::copysign(std::log1p(std::fabs(value)), value);
}

double from_signed_logarithm(double logarithm) {
  return std::copysign(std::expm1(std::fabs(logarithm)), logarithm);
}

DimensionScaling standard_scaling(const Communicator& comm, const Points& points, DimensionTransform before) {
  const auto& rows = std::get<Matrix>(points.rows);
  const auto value = [&](Index r, std::size_t j) { return transformed(before, static_cast<double>(rows.row(r)[j])); };
  DimensionScaling scaling;
  scaling.before = before;
  scaling.shift = mean_of(comm, points, value);
  scaling.scale = mean_of(comm, points, [&](Index r, std::size_t j) {
    const double difference = value(r, j) - scaling.shift[j];
    return difference * difference;
  });
  for (std::size_t j = 0; j < scaling.scale.size(); ++j) {
    // What rounding leaves of a constant dimension's variance is no scale.
    const double rounding = std::fabs(scaling.shift[j]) * 1e-12;
    const double deviation = std::sqrt(scaling.scale[j]);
    scaling.scale[j] = deviation > rounding ? deviation : 1.0;
  }
  return scaling;
}

void scale_dimensions(const DimensionScaling& scaling, Points& points) {
  auto& rows = std::get<Matrix>(points.rows);
  const int threads = team_size(static_cast<double>(rows.rows()) * static_cast<double>(rows.columns()));
#pragma omp parallel for schedule(static) num_threads(threads)
  for (Index r = 0; r < rows.rows(); ++r) {
    float* row = rows.row(r);
    for (std::size_t j = 0; j < scaling.shift.size(); ++j) {
      const double value = transformed(scaling.before, static_cast<double>(row[j]));
      row[j] = static_cast<float>((value - scaling.shift[j]) / scaling.scale[j]);
    }
  }
}

std::vector<Index> zero_rows(const Points& points) {
  std::vector<Index> zero;
  for (Index r = 0; r < points.mine.size(); ++r) {
    const auto* const dense = std::get_if<Matrix>(&points.rows);
    const std::span<const float> values =
        dense != nullptr ? dense->view().row_span(r) : std::get<CsrBlock>(points.rows).row(r).values;
    if (std::ranges::all_of(values, [](float value) { return value == 0; })) zero.push_back(r);
  }
  return zero;
}

void normalize_rows(MatrixView rows) {
  const int threads = team_size(static_cast<double>(rows.rows) * static_cast<double>(rows.columns));
#pragma omp parallel for schedule(static) num_threads(threads)
  for (Index r = 0; r < rows.rows; ++r) normalize(rows.row(r), rows.row(r) + rows.columns);
}

void normalize_rows(Points& points) {
  if (auto* dense = std::get_if<Matrix>(&points.rows)) return normalize_rows(dense->view());
  const auto& sparse = std::get<CsrBlock>(points.rows);
  std::vector<float> values(sparse.values().begin(), sparse.values().end());
  for (Index r = 0; r < sparse.rows(); ++r) {
    const auto begin = static_cast<std::size_t>(sparse.offsets()[static_cast<std::size_t>(r)]);
    normalize(values.data() + begin, values.data() + begin + sparse.row_size(r));
  }
  points.rows = CsrBlock({sparse.offsets().begin(), sparse.offsets().end()},
                         {sparse.columns().begin(), sparse.columns().end()}, std::move(values), sparse.column_count());
}

}  // namespace rankwise
