#pragma once
// Centroids that a user gives: where iterations begin, or what rows are assigned to.

#include <optional>
#include <string>
#include <vector>

#include "distributed/kmeans/feature_scaling.hpp"
#include "distributed/kmeans/lloyd.hpp"
#include "io/points/points_file.hpp"

namespace rankwise {

/// Centroids in the space of the file they come from.
struct GivenCentroids {
  Matrix centroids;
  std::optional<DimensionScaling> scaling;  ///< that they are in
  std::optional<DistanceMetric> metric;     ///< of the clustering that they come from
  std::vector<std::string> dimensions;      ///< names, where known
  bool unit_rows = false;                   ///< of rows that were divided by their lengths
  bool are_clusters = false;                ///< of a clustering, not of a file of numbers
  std::optional<RowOrigin> origin;          ///< of the rows that were clustered; nothing in an older clustering
  std::vector<std::string> warnings;        ///< of the reading
};

/// A clustering's centroids, or the rows of a .npy, CSV or TSV file. Collective over comm; throws AgreedError.
[[nodiscard]] GivenCentroids read_given(const Communicator& comm, const std::string& path, InputCheck check);

/// Centroids of a file of numbers that names its columns, `path`, as the named dimensions of `set` ask for them: in
/// their order, and without further columns. Throws AgreedError(bad_data) that lists the columns where one is missing;
/// returns a warning that names further columns, or nothing.
[[nodiscard]] std::optional<std::string> match_by_name(GivenCentroids& given, const std::string& path,
                                                       const PointSet& set);

/// Centroids of `path` and rows of `input` must have the same dimensions, by number and, where both have names, by
/// name; throws AgreedError(bad_data).
void require_dimensions(const GivenCentroids& given, const std::string& path, const PointSet& set,
                        const std::string& input);

/// Dimensions of `set`, the rows of `input`, must mean what those of the clusters in `path` mean: factors must be of
/// the same model or of one that descends from it by warm starts, a dataset's columns must have the same ids. Throws
/// AgreedError(bad_data); returns what cannot be known, as a warning, or nothing. Where both have names of dimensions,
/// these decide (require_dimensions).
[[nodiscard]] std::optional<std::string> require_same_space(const GivenCentroids& given, const std::string& path,
                                                            const PointSet& set, const std::string& input);

/// Centroids of a clustering begin clusters of the same metric only; throws AgreedError(usage).
void require_metric(const GivenCentroids& given, const std::string& path, DistanceMetric metric);

/// Throws Error(usage) if one side is ranks and the other is not: ranks cannot be undone.
void require_rescalable(const std::optional<DimensionScaling>& from, const std::optional<DimensionScaling>& to,
                        const std::string& path);

/// The same centroids for rows that are scaled in another way.
void rescale(const std::optional<DimensionScaling>& from, const std::optional<DimensionScaling>& to, Matrix& centroids);

}  // namespace rankwise
