#include "jobs/kmeans/row_space.hpp"

#include <fmt/format.h>
#include <sstream>
#include <string_view>

namespace rankwise {

namespace {

/// `configuration` with another value of an option that it has.
std::string with_value(const std::string& configuration, std::string_view option, std::string_view value) {
  const std::string begin = fmt::format("{} = ", option);
  std::string changed;
  std::istringstream lines(configuration);
  for (std::string line; std::getline(lines, line);) {
    changed += (line.starts_with(begin) ? begin + std::string(value) : line) + "\n";
  }
  return changed;
}

}  // namespace

const char* metric_text(DistanceMetric metric) {
  return metric == DistanceMetric::cosine ? "cosine" : "euclidean";
}

const char* scale_text(const RowSpace& space) {
  return space.unit_rows ? "unit" : space.scaling ? "standard" : "none";
}

RowSpace wanted_space(const KMeansJobOptions& options, const std::optional<GivenCentroids>& given) {
  const RowSpace space{.metric = options.iterations.metric, .unit_rows = options.scaling == Scaling::unit};
  if (!given) return space;
  require_metric(*given, options.init_file, space.metric);
  // Under cosine all rows have length one.
  if (given->origin && given->unit_rows != space.unit_rows && space.metric != DistanceMetric::cosine) {
    throw AgreedError(ExitCode::usage, fmt::format("{}: clusters of rows {} --scale unit: expected the same",
                                                   options.init_file, given->unit_rows ? "with" : "without"));
  }
  return space;
}

RowSpace space_of_clusters(const KMeansJobOptions& options, const GivenCentroids& given) {
  const KMeansJobOptions defaults;
  if (!given.are_clusters) {
    if (options.scaling == Scaling::standard) {
      throw AgreedError(ExitCode::usage, fmt::format("{}: centroids without a scaling: --scale standard has no meaning",
                                                     options.predict));
    }
    return {.metric = options.iterations.metric, .unit_rows = options.scaling == Scaling::unit};
  }
  if (options.iterations.metric != defaults.iterations.metric) {
    require_metric(given, options.predict, options.iterations.metric);
  }
  const Scaling scaling = given.unit_rows ? Scaling::unit : given.scaling ? Scaling::standard : Scaling::none;
  RowSpace space{given.metric.value_or(defaults.iterations.metric), given.scaling, given.unit_rows};
  if (options.scaling != defaults.scaling && options.scaling != scaling) {
    throw AgreedError(ExitCode::usage, fmt::format("{}: clusters of --scale {}: expected the same scale",
                                                   options.predict, scale_text(space)));
  }
  return space;
}

std::string configuration_in(const RowSpace& space, const std::string& configuration) {
  return with_value(with_value(configuration, "metric", metric_text(space.metric)), "scale", scale_text(space));
}

}  // namespace rankwise
