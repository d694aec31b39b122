#include "jobs/segments/cohesion/clustered_points.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "distributed/comm/communicator.hpp"
#include "distributed/kmeans/feature_scaling.hpp"
#include "distributed/kmeans/point_rows.hpp"
#include "distributed/kmeans/rank_scaling.hpp"
#include "io/clustering/clustering.hpp"
#include "io/points/points_file.hpp"
#include "io/text/text_format.hpp"
#include "kernels/text/counted.hpp"
#include "kernels/text/shown_text.hpp"

namespace rankwise {

namespace {

/// The value of an option that a configuration holds, of lines `name = value`; empty: not there.
std::string_view configured(std::string_view configuration, std::string_view name) {
  const std::string begin = fmt::format("{} = ", name);
  while (!configuration.empty()) {
    const std::string_view line = configuration.substr(0, configuration.find('\n'));
    if (line.starts_with(begin)) return line.substr(begin.size());
    configuration.remove_prefix(std::min(line.size() + 1, configuration.size()));
  }
  return {};
}

/// What kmeans was asked for of these rows.
PointSource source_of(const ClusteringReader& file, const std::string& path, InputCheck check) {
  const std::string& configuration = file.provenance().configuration;
  const auto text = [&](std::string_view name) { return std::string(configured(configuration, name)); };
  PointSource source;
  source.path = path;
  source.check = check;
  if (file.origin()) source.side = file.origin()->side;
  source.dataset = text("dataset");
  source.ids = text("id-column");
  source.weights = text("weight-column");
  source.columns = text("columns");
  // A profile may have got columns since, which kmeans would take, too.
  const bool is_profile = file.origin() && file.origin()->format == PointFormat::profile;
  const bool can_be_listed = std::ranges::none_of(file.dimension_names(), [](const std::string& name) {
    return name.find(',') != name.npos || name.ends_with('*');
  });
  if (is_profile && source.columns.empty() && can_be_listed)
    source.columns = fmt::format("{}", fmt::join(file.dimension_names(), ","));
  for (const TextFormat format : {TextFormat::csv, TextFormat::tsv}) {
    if (text("format") == text_format_name(format)) source.format = format;
  }
  if (text("header") == "yes") source.header = HeaderRule::present;
  if (text("header") == "no") source.header = HeaderRule::absent;
  if (const std::string word = text("delimiter"); !word.empty()) source.delimiter = parse_delimiter(word);
  if (const std::string word = text("decimal"); !word.empty()) source.decimal = parse_decimal(word);
  return source;
}

[[noreturn]] void refuse(const std::string& points, const std::string& clustering, const std::string& problem) {
  throw Error(ExitCode::bad_data, fmt::format("--points {}: {}; expected the rows that {} was made of, as in --input "
                                              "of kmeans",
                                              points, problem, clustering));
}

/// Into the space of the clustering. Collective.
void scale_like(const Communicator& comm, const ClusteringReader& file, PointSet& set) {
  const std::optional<DimensionScaling>& scaling = file.scaling();
  if (scaling && scaling->before == DimensionTransform::rank) {
    (void)replace_by_ranks(comm, set.points);
  } else if (scaling) {
    scale_dimensions(*scaling, set.points);
  }
  if (file.metric() == DistanceMetric::cosine) leave_out(comm, set, zero_rows(set.points));
  if (file.unit_rows() || file.metric() == DistanceMetric::cosine) normalize_rows(set.points);
}

bool are_same_ids(const Ids& one, const Ids& other) {
  if (one.index() == other.index()) return one == other;
  if (id_count(one) != id_count(other)) return false;
  for (Index row = 0; row < id_count(one); ++row) {
    if (id_text(one, row) != id_text(other, row)) return false;
  }
  return true;
}

/// This rank's points whose distance to their centroid is not the one that the clustering holds.
Index count_moved(const ClusteredPoints& clustered, const ClusteredRows& rows, const Matrix& centroids) {
  const Points& points = clustered.set.points;
  const std::vector<Index>* const places = clustered.set.places ? &*clustered.set.places : nullptr;
  std::vector<double> squares(clustered.assignments.size());
  for_each_point_block(points, row_terms(points), [&](RowRange block) {
    const auto begin = static_cast<std::size_t>(block.begin);
    const auto size = static_cast<std::size_t>(block.size());
    squared_distances(points, block, centroids.view(), std::span(clustered.assignments).subspan(begin, size),
                      std::span(squares).subspan(begin, size));
  });
  Index moved = 0;
  for (std::size_t point = 0; point < squares.size(); ++point) {
    const std::size_t place = places == nullptr ? point : static_cast<std::size_t>((*places)[point]);
    const double distance = clustered.metric == DistanceMetric::cosine ? squares[point] / 2 : std::sqrt(squares[point]);
    constexpr double tolerance = 1e-3;
    if (std::abs(distance - static_cast<double>(rows.distances[place])) > tolerance * (1 + distance)) ++moved;
  }
  return moved;
}

/// Throws Error(bad_data) unless the points are those rows that have a cluster; their assignments.
std::vector<std::int32_t> assignments_of(const PointSet& set, const ClusteredRows& rows) {
  std::vector<std::int32_t> assignments;
  if (!set.places) return rows.assignments;
  for (const Index place : *set.places) assignments.push_back(rows.assignments[static_cast<std::size_t>(place)]);
  return assignments;
}

}  // namespace

ClusteredPoints read_clustered_points(const JobContext& context, const std::string& clustering,
                                      const std::string& points) {
  // 1. The same rows in the same order.
  const Communicator& comm = context.comm;
  const ClusteringReader file(comm, clustering, context.common.input_check);
  ClusteredPoints clustered;
  const PointSource source = agree_on(comm, [&] { return source_of(file, points, context.common.input_check); });
  clustered.set = read_points(comm, source);
  clustered.clusters = file.clusters();
  clustered.metric = file.metric();
  PointSet& set = clustered.set;
  agree_on(comm, [&] {
    if (set.points.dimensions != file.dimensions()) {
      refuse(points, clustering,
             fmt::format("has {}, not {}", counted(set.points.dimensions, "dimension"), file.dimensions()));
    }
    if (set.dimensions != file.dimension_names()) refuse(points, clustering, "has dimensions of other names");
    if (set.ids.total_rows != file.rows())
      refuse(points, clustering, fmt::format("has {}, not {}", counted(set.ids.total_rows, "row"), file.rows()));
  });
  const ClusteredRows rows = file.clustered_rows(set.ids.rows);
  agree_on(comm, [&] {
    if (!are_same_ids(set.ids.ids, rows.ids.ids)) refuse(points, clustering, "has other ids");
  });

  // 2. In the same space, with the same distances.
  scale_like(comm, file, set);
  clustered.assignments = assignments_of(set, rows);
  const auto in_none = comm.sum(std::ranges::count(clustered.assignments, no_cluster));
  const auto in_some = comm.sum(std::ssize(rows.assignments) - std::ranges::count(rows.assignments, no_cluster));
  agree_on(comm, [&] {
    if (in_none > 0 || in_some != set.points.count)
      refuse(points, clustering, "has other rows that belong to no cluster");
  });
  const Index moved = comm.sum(count_moved(clustered, rows, file.centroids()));
  agree_on(comm, [&] {
    if (moved > 0) {
      refuse(points, clustering,
             fmt::format("{} of {} {} another distance to the centroid", moved, counted(set.points.count, "row"),
                         verb(moved, "has", "have")));
    }
  });
  return clustered;
}

}  // namespace rankwise
