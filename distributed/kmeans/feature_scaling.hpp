#pragma once
// What is done to points before they are clustered.

#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/kmeans/points.hpp"

namespace rankwise {

/// none; standard: each dimension minus its mean, over its standard deviation; unit: each row over its length.
enum class Scaling { none, standard, unit };

/// (x - shift) / scale per dimension.
struct DimensionScaling {
  std::vector<double> shift;
  std::vector<double> scale;
  friend bool operator==(const DimensionScaling&, const DimensionScaling&) = default;
};

/// Weighted mean and (population) standard deviation of each dimension; a constant dimension keeps its scale. Dense
/// points only. Collective over comm.
[[nodiscard]] DimensionScaling standard_scaling(const Communicator& comm, const Points& points);

/// Scales dense points in place.
void scale_dimensions(const DimensionScaling& scaling, Points& points);

/// This rank's points whose values are all zero, so that they have no direction; local rows, ascending.
[[nodiscard]] std::vector<Index> zero_rows(const Points& points);

/// Divides each row by its length; a zero row stays.
void normalize_rows(Points& points);
/// The same for rows of a matrix.
void normalize_rows(MatrixView rows);

}  // namespace rankwise
