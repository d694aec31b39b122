#pragma once
// What is done to points before they are clustered.

#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/kmeans/points.hpp"

namespace rankwise {

/// none; standard: each dimension minus its mean, over its standard deviation; unit: each row over its length;
/// log_standard: standard, of logarithms; rank: of each dimension the share of rows below (rank_scaling.hpp).
enum class Scaling { none, standard, unit, log_standard, rank };

/// What values become before they are shifted: logarithm: sign(x) ln(1 + |x|), which zeros and negative numbers have,
/// too; rank: the share of rows that are less, and half of the equal ones.
enum class DimensionTransform { none, logarithm, rank };

/// (transformed x - shift) / scale per dimension.
struct DimensionScaling {
  std::vector<double> shift;
  std::vector<double> scale;
  DimensionTransform before = DimensionTransform::none;
  friend bool operator==(const DimensionScaling&, const DimensionScaling&) = default;
};

/// sign(x) ln(1 + |x|), and its inverse.
[[nodiscard]] double signed_logarithm(double value);
[[nodiscard]] double from_signed_logarithm(double logarithm);

/// Weighted mean and (population) standard deviation of each dimension, of its values or of their logarithms; a
/// constant dimension keeps its scale. Dense points only. Collective over comm.
[[nodiscard]] DimensionScaling standard_scaling(const Communicator& comm, const Points& points,
                                                DimensionTransform before = DimensionTransform::none);

/// Scales dense points in place; `before` is no rank.
void scale_dimensions(const DimensionScaling& scaling, Points& points);

/// This rank's points whose values are all zero, so that they have no direction; local rows, ascending.
[[nodiscard]] std::vector<Index> zero_rows(const Points& points);

/// Divides each row by its length; a zero row stays.
void normalize_rows(Points& points);
/// The same for rows of a matrix.
void normalize_rows(MatrixView rows);

}  // namespace rankwise
