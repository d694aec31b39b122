#pragma once
// The space that rows are clustered in: how they are scaled, and by which metric they are compared.

#include <optional>
#include <string>

#include "distributed/kmeans/feature_scaling.hpp"
#include "distributed/kmeans/lloyd.hpp"
#include "jobs/kmeans/given_centroids.hpp"
#include "jobs/kmeans/kmeans_settings.hpp"

namespace rankwise {

struct RowSpace {
  DistanceMetric metric = DistanceMetric::euclidean;
  std::optional<DimensionScaling> scaling = {};
  bool unit_rows = false;  ///< by --scale unit
};

[[nodiscard]] const char* metric_text(DistanceMetric metric);
/// "none", "standard", "unit", "log-standard", "rank"
[[nodiscard]] const char* scale_text(const RowSpace& space);

/// The space that the options ask for, whose scaling the rows will tell. Throws AgreedError(usage) where clusters to
/// begin with were found in another one.
[[nodiscard]] RowSpace wanted_space(const KMeansJobOptions& options, const std::optional<GivenCentroids>& given);

/// The space of clusters that rows are assigned to. Throws AgreedError(usage) where the options ask for another one.
[[nodiscard]] RowSpace space_of_clusters(const KMeansJobOptions& options, const GivenCentroids& given);

/// Whether each dimension has a scale, which sparse rows cannot have.
[[nodiscard]] bool scales_dimensions(Scaling scaling);

/// Scales the points: as --scale asks, which `space` then knows, or as clusters that rows are assigned to. Collective.
void scale_points(const Communicator& comm, const KMeansJobOptions& options, RowSpace& space, Points& points);

/// A configuration whose metric and scale are those of `space`.
[[nodiscard]] std::string configuration_in(const RowSpace& space, const std::string& configuration);

}  // namespace rankwise
