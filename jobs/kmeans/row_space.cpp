#include "jobs/kmeans/row_space.hpp"

#include <fmt/format.h>
#include <sstream>
#include <string_view>

#include "distributed/kmeans/rank_scaling.hpp"

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

Scaling scaling_of(const DimensionScaling& scaling) {
  switch (scaling.before) {
    case DimensionTransform::logarithm:
      return Scaling::log_standard;
    case DimensionTransform::rank:
      return Scaling::rank;
    case DimensionTransform::none:
      break;
  }
  return Scaling::standard;
}

}  // namespace

bool scales_dimensions(Scaling scaling) {
  return scaling != Scaling::none && scaling != Scaling::unit;
}

void scale_points(const Communicator& comm, const KMeansJobOptions& options, RowSpace& space, Points& points) {
  if (options.predict.empty() && options.scaling == Scaling::rank) {
    space.scaling = replace_by_ranks(comm, points);
    return;
  }
  if (options.predict.empty() && scales_dimensions(options.scaling)) {
    const bool of_logarithms = options.scaling == Scaling::log_standard;
    space.scaling =
        standard_scaling(comm, points, of_logarithms ? DimensionTransform::logarithm : DimensionTransform::none);
  }
  if (space.scaling) scale_dimensions(*space.scaling, points);
}

const char* metric_text(DistanceMetric metric) {
  return metric == DistanceMetric::cosine ? "cosine" : "euclidean";
}

const char* scale_text(const RowSpace& space) {
  if (space.unit_rows) return "unit";
  if (!space.scaling) return "none";
  switch (space.scaling->before) {
    case DimensionTransform::logarithm:
      return "log-standard";
    case DimensionTransform::rank:
      return "rank";
    case DimensionTransform::none:
      break;
  }
  return "standard";
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
    if (scales_dimensions(options.scaling)) {
      throw AgreedError(ExitCode::usage,
                        fmt::format("{}: centroids without a scaling: expected --scale none or unit", options.predict));
    }
    return {.metric = options.iterations.metric, .unit_rows = options.scaling == Scaling::unit};
  }
  if (options.iterations.metric != defaults.iterations.metric) {
    require_metric(given, options.predict, options.iterations.metric);
  }
  const Scaling scaling = given.unit_rows ? Scaling::unit : given.scaling ? scaling_of(*given.scaling) : Scaling::none;
  if (scaling == Scaling::rank) {
    throw AgreedError(ExitCode::usage,
                      fmt::format("{}: clusters of --scale rank, where each row's place among its own rows counts: "
                                  "--predict has no meaning; expected another scale",
                                  options.predict));
  }
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
