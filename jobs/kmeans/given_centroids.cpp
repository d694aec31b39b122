#include "jobs/kmeans/given_centroids.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "io/clustering/clustering.hpp"

namespace rankwise {

GivenCentroids read_given(const Communicator& comm, const std::string& path, InputCheck check) {
  GivenCentroids given;
  if (detect_points(comm, path) == PointFormat::clustering) {
    const ClusteringReader file(comm, path, check);
    if (check == InputCheck::digests && !file.compares()) {
      given.warnings.push_back(fmt::format("{}: {}", path, no_digests_text));
    }
    given.centroids = file.centroids();
    given.scaling = file.scaling();
    given.metric = file.metric();
    given.dimensions = file.dimension_names();
    given.unit_rows = file.unit_rows();
    given.are_clusters = true;
    given.origin = file.origin();
    return given;
  }
  PointSource source;
  source.path = path;
  source.check = check;
  Centroids read = read_centroids(comm, source);
  given.centroids = std::move(read.rows);
  given.dimensions = std::move(read.dimensions);
  given.warnings = std::move(read.warnings);
  return given;
}

std::optional<std::string> match_by_name(GivenCentroids& given, const std::string& path, const PointSet& set) {
  if (given.are_clusters || given.dimensions.empty() || set.dimensions.empty()) return std::nullopt;
  std::vector<Index> columns;
  for (const std::string& name : set.dimensions) {
    const auto found = std::ranges::find(given.dimensions, name);
    if (found == given.dimensions.end()) {
      throw AgreedError(ExitCode::bad_data,
                        fmt::format("{}: has no column of numbers '{}', which is a dimension of the "
                                    "rows: its columns are {}",
                                    path, name, fmt::join(given.dimensions, ", ")));
    }
    columns.push_back(found - given.dimensions.begin());
  }
  std::vector<std::string> further;
  for (const std::string& name : given.dimensions) {
    if (std::ranges::find(set.dimensions, name) == set.dimensions.end()) further.push_back(name);
  }
  Matrix matched(given.centroids.rows(), set.points.dimensions);
  for (Index k = 0; k < matched.rows(); ++k) {
    for (std::size_t c = 0; c < columns.size(); ++c) matched.row(k)[c] = given.centroids.row(k)[columns[c]];
  }
  given.centroids = std::move(matched);
  given.dimensions = set.dimensions;
  if (further.empty()) return std::nullopt;
  return fmt::format("{}: columns that are no dimension of the rows are left out: {}", path, fmt::join(further, ", "));
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

namespace {

/// Throws where the factors of `input` and those that were clustered have nothing to do with each other.
std::optional<std::string> compare_models(const RowOrigin& clustered, const std::string& path, const RowOrigin& rows,
                                          const std::string& input) {
  if (clustered.model_digest == 0 || rows.model_digest == 0) {
    return fmt::format(
        "{}: whether the model {} descends from the model of its clusters is not known: one of them was "
        "written without digests",
        path, input);
  }
  const auto descends = [](const RowOrigin& younger, const RowOrigin& older) {
    return std::ranges::find(younger.model_ancestors, older.model_digest) != younger.model_ancestors.end();
  };
  if (rows.model_digest == clustered.model_digest || descends(rows, clustered)) return std::nullopt;
  throw AgreedError(
      ExitCode::bad_data,
      fmt::format("{}: its clusters are of the factors of model {:016x}; {} is model {:016x}, which {}, so that its "
                  "factors have other meanings: expected the same model, or one that als --warm-start trained from it",
                  path, clustered.model_digest, input, rows.model_digest,
                  descends(clustered, rows) ? "is an ancestor of that" : "does not descend from that by warm starts"));
}

}  // namespace

std::optional<std::string> require_same_space(const GivenCentroids& given, const std::string& path, const PointSet& set,
                                              const std::string& input) {
  const auto has_factors = [](PointFormat format) {
    return format == PointFormat::model || format == PointFormat::dataset;
  };
  if (!given.are_clusters || (!given.dimensions.empty() && !set.dimensions.empty())) return std::nullopt;
  const RowOrigin& rows = set.origin;
  if (!given.origin) {
    if (!has_factors(rows.format)) return std::nullopt;
    return fmt::format(
        "{}: an older version wrote it, and it does not say which rows it was made of: whether the "
        "dimensions of {} mean the same cannot be checked",
        path, input);
  }
  const RowOrigin& clustered = *given.origin;
  if (has_factors(rows.format) != has_factors(clustered.format)) {
    return fmt::format(
        "{}: its clusters are of rows of {}, and {} is {}: whether their dimensions mean the same cannot "
        "be checked",
        path, format_text(clustered.format), input, format_text(rows.format));
  }
  if (!has_factors(rows.format)) return std::nullopt;
  if (rows.format != clustered.format) {
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("{}: its clusters are of rows of {}, and {} is {}: their dimensions do not mean the "
                                  "same",
                                  path, format_text(clustered.format), input, format_text(rows.format)));
  }
  if (rows.format == PointFormat::model) return compare_models(clustered, path, rows, input);
  if (rows.dimension_ids_digest == clustered.dimension_ids_digest) return std::nullopt;
  throw AgreedError(ExitCode::bad_data,
                    fmt::format("{}: its clusters are of rows of a dataset with other {} than {}, so "
                                "that the same column means another of them",
                                path, rows.side == RowSide::items ? "users" : "items", input));
}

void require_metric(const GivenCentroids& given, const std::string& path, DistanceMetric metric) {
  if (!given.metric || *given.metric == metric) return;
  throw AgreedError(ExitCode::usage, fmt::format("{}: clusters by --metric {}: expected the same metric", path,
                                                 *given.metric == DistanceMetric::cosine ? "cosine" : "euclidean"));
}

void require_rescalable(const std::optional<DimensionScaling>& from, const std::optional<DimensionScaling>& to,
                        const std::string& path) {
  const auto are_ranks = [](const auto& scaling) { return scaling && scaling->before == DimensionTransform::rank; };
  if (are_ranks(from) == are_ranks(to)) return;
  throw Error(ExitCode::usage, fmt::format("{}: centroids {} --scale rank: expected the same", path,
                                           are_ranks(from) ? "with" : "without"));
}

void rescale(const std::optional<DimensionScaling>& from, const std::optional<DimensionScaling>& to,
             Matrix& centroids) {
  for (Index k = 0; k < centroids.rows(); ++k) {
    for (std::size_t j = 0; j < static_cast<std::size_t>(centroids.columns()); ++j) {
      auto value = static_cast<double>(centroids.row(k)[j]);
      if (from) value = value * from->scale[j] + from->shift[j];
      if (from && from->before == DimensionTransform::logarithm) value = from_signed_logarithm(value);
      if (to && to->before == DimensionTransform::logarithm) value = signed_logarithm(value);
      if (to) value = (value - to->shift[j]) / to->scale[j];
      centroids.row(k)[j] = static_cast<float>(value);
    }
  }
}

}  // namespace rankwise
