#include "jobs/given_centroids.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "io/clustering.hpp"

namespace rankwise {

GivenCentroids read_given(const Communicator& comm, const std::string& path) {
  if (detect_points(comm, path) == PointFormat::clustering) {
    const ClusteringReader file(comm, path);
    return {file.centroids(), file.scaling(), file.metric(), file.dimension_names()};
  }
  PointSource source;
  source.path = path;
  return {read_centroids(comm, source), {}, {}, {}};
}

void require_dimensions(const GivenCentroids& given, const std::string& path, const PointSet& set,
                        const std::string& input) {
  if (given.centroids.columns() != set.points.dimensions) {
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("{}: centroids of {} dimensions: expected {}, as the rows of {} have", path,
                                  given.centroids.columns(), set.points.dimensions, input));
  }
  if (given.dimensions.empty() || set.dimensions.empty() || given.dimensions == set.dimensions) return;
  const auto differ = std::ranges::mismatch(given.dimensions, set.dimensions);
  throw AgreedError(ExitCode::bad_data, fmt::format("{}: centroids with a dimension '{}': expected '{}', as {} has",
                                                    path, *differ.in1, *differ.in2, input));
}

void require_metric(const GivenCentroids& given, const std::string& path, DistanceMetric metric) {
  if (!given.metric || *given.metric == metric) return;
  throw AgreedError(ExitCode::usage, fmt::format("{}: clusters by --metric {}: expected the same metric", path,
                                                 *given.metric == DistanceMetric::cosine ? "cosine" : "euclidean"));
}

void rescale(const std::optional<DimensionScaling>& from, const std::optional<DimensionScaling>& to,
             Matrix& centroids) {
  for (Index k = 0; k < centroids.rows(); ++k) {
    for (std::size_t j = 0; j < static_cast<std::size_t>(centroids.columns()); ++j) {
      auto value = static_cast<double>(centroids.row(k)[j]);
      if (from) value = value * from->scale[j] + from->shift[j];
      if (to) value = (value - to->shift[j]) / to->scale[j];
      centroids.row(k)[j] = static_cast<float>(value);
    }
  }
}

}  // namespace rankwise
