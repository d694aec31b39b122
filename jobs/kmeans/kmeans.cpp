// Sample runs:
//   rankwise kmeans --input model.h5 --rows users --clusters 12 --output segments.h5
//   rankwise kmeans --input points.csv --scale standard --clusters 2:20 --output best.h5
//   mpirun -n 8 rankwise kmeans --input model.h5 --rows users --init segments.h5 --output segments-q2.h5
//   rankwise kmeans --input model.h5 --rows users --clusters 2:40 --output best.h5 --checkpoint checkpoints

#include "jobs/kmeans/kmeans.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <limits>
#include <mutex>
#include <optional>
#include <span>
#include <utility>

#include "distributed/kmeans/point_rows.hpp"
#include "io/clustering/clustering.hpp"
#include "io/files/commit.hpp"
#include "io/points/point_set.hpp"
#include "io/points/points_file.hpp"
#include "jobs/kmeans/checkpointing.hpp"
#include "jobs/kmeans/cluster_counts.hpp"
#include "jobs/kmeans/cluster_table.hpp"
#include "jobs/kmeans/given_centroids.hpp"
#include "jobs/kmeans/known_rows.hpp"
#include "jobs/kmeans/row_space.hpp"
#include "jobs/run/text_output.hpp"
#include "kernels/text/counted.hpp"
#include "kernels/text/units.hpp"

namespace rankwise {

namespace {

Clustering clustering_of(KMeansResult result, PointSet set, const RowSpace& space) {
  Clustering clustering;
  clustering.metric = space.metric;
  clustering.centroids = std::move(result.centroids);
  clustering.assignments = at_ids(set, std::move(result.assignments), no_cluster);
  clustering.distances = at_ids(set, std::move(result.distances), std::numeric_limits<float>::quiet_NaN());
  clustering.ids = std::move(set.ids);
  clustering.sizes = std::move(result.sizes);
  if (set.weighted) clustering.weights = std::move(result.weights);
  clustering.history = std::move(result.history);
  clustering.inertia = result.inertia;
  clustering.converged = result.converged;
  clustering.dimensions = std::move(set.dimensions);
  clustering.scaling = space.scaling;
  clustering.unit_rows = space.unit_rows;
  clustering.origin = std::move(set.origin);
  return clustering;
}

/// Bytes per row that are left for bounds, the same on every rank. Collective.
Index room_for_bounds(const KMeansJobOptions& options, const PointSet& set, Index clusters, const JobContext& context) {
  const Points& points = set.points;
  const Index rows = points.mine.size();
  if (options.memory_budget_bytes == 0) {
    constexpr Index least = 256;  // narrow rows, for which bounds of many clusters are worth more than the row
    return std::max(least, padded_columns(points.dimensions) * static_cast<Index>(sizeof(float)));
  }
  const Index id_bytes = (set.ids.rows.size() + (set.places ? rows : 0)) * static_cast<Index>(sizeof(Index));
  // Folds of the rows are copies.
  const bool several = options.clusters && !options.clusters->is_single();
  const bool has_folds = (several || !options.quality.empty()) && options.folds > 0;
  const Index fold_bytes = has_folds ? kmeans_bytes(points, 0, 1) / options.folds : 0;
  const Index needed = kmeans_bytes(points, clusters, context.common.threads) + id_bytes + fold_bytes;
  const Index most_needed = context.comm.max(needed);
  if (most_needed > options.memory_budget_bytes) {
    throw AgreedError(ExitCode::usage, fmt::format("--memory-budget {}: the rows and {} clusters take {} on one rank; "
                                                   "expected at least that, or more ranks",
                                                   bytes_text(static_cast<double>(options.memory_budget_bytes)),
                                                   clusters, bytes_text(static_cast<double>(most_needed))));
  }
  return context.comm.min(rows > 0 ? (options.memory_budget_bytes - needed) / rows : options.memory_budget_bytes);
}

void require_rows(const PointSet& set, const std::string& input, Index clusters) {
  if (set.points.count >= clusters) return;
  throw AgreedError(ExitCode::bad_data, fmt::format("{}: {}{}: expected at least {}, the number of clusters", input,
                                                    counted(set.points.count, "row"),
                                                    set.places ? " that can belong to a cluster" : "", clusters));
}

/// Of rows and centroids, so that no difference of two and no distance is beyond the range of 32-bit floating point.
constexpr double greatest_length = static_cast<double>(std::numeric_limits<float>::max()) / 2;

[[noreturn]] void refuse_length(const std::string& file, const char* what, Index number, double length) {
  throw Error(ExitCode::bad_data,
              fmt::format("{}: {} {}: its length is {:.3g}; expected at most {:.3g}, so that distances are within the "
                          "range of 32-bit floating point",
                          file, what, number, length, greatest_length));
}

/// The first of this rank's rows that is longer than that, and its length squared; nothing if none is.
std::optional<std::pair<Index, double>> first_too_long(const Points& points) {
  std::mutex comparing;
  std::optional<std::pair<Index, double>> first;
  for_each_point_block(points, row_terms(points), [&](RowRange rows) {
    std::array<double, point_block> squares{};
    squared_norms(points, rows, std::span(squares).first(static_cast<std::size_t>(rows.size())));
    for (Index r = rows.begin; r < rows.end; ++r) {
      const double square = squares[static_cast<std::size_t>(r - rows.begin)];
      if (square <= greatest_length * greatest_length) continue;
      const std::scoped_lock lock(comparing);
      if (!first || r < first->first) first = {r, square};
    }
  });
  return first;
}

/// Scaled rows; throws AgreedError(bad_data) for the first one that is too long. Collective.
void require_bounded(const Communicator& comm, const PointSet& set, const std::string& input) {
  agree_on(comm, [&] {
    const auto found = first_too_long(set.points);
    if (!found) return;
    const Index place = set.places ? (*set.places)[static_cast<std::size_t>(found->first)] : found->first;
    refuse_length(input, "row", set.ids.rows.begin + place, std::sqrt(found->second));
  });
}

/// Likewise of given centroids, the same on every rank.
void require_bounded(const Communicator& comm, const Matrix& centroids, const std::string& file) {
  agree_on(comm, [&] {
    for (Index k = 0; k < centroids.rows(); ++k) {
      double squares = 0;
      for (const float value : centroids.view().row_span(k)) squares += std::pow(static_cast<double>(value), 2);
      if (!(std::sqrt(squares) <= greatest_length)) refuse_length(file, "centroid", k, std::sqrt(squares));
    }
  });
}

/// Some row must be left after `left_out`.
void require_some(const PointSet& set, const std::string& input, const char* left_out) {
  if (set.points.count > 0) return;
  throw AgreedError(ExitCode::bad_data, fmt::format("{}: {}, and all of them {}: none can belong to a cluster", input,
                                                    counted(set.ids.total_rows, "row"), left_out));
}

void tell_left_out(const PointSet& set, Index without_direction, Report& report) {
  const Index left_out = set.without_entries + set.without_values + without_direction;
  report.event("rows", {{"rows", set.ids.total_rows},
                        {"in_no_cluster", left_out},
                        {"without_entries", set.without_entries},
                        {"without_values", set.without_values},
                        {"without_direction", without_direction}});
  std::vector<std::string> reasons;
  if (set.without_entries > 0) reasons.push_back(fmt::format("{} without an entry", set.without_entries));
  if (set.without_values > 0) reasons.push_back(fmt::format("{} without a value", set.without_values));
  if (without_direction > 0)
    reasons.push_back(fmt::format("{} with only zeros, so without a direction", without_direction));
  if (reasons.empty()) return;
  report.line(fmt::format("{} of {} {} to no cluster: {}", left_out, counted(set.ids.total_rows, "row"),
                          verb(left_out, "belongs", "belong"), fmt::join(reasons, ", ")));
}

/// Clusters, and their quality as JSON.
struct FoundClusters {
  KMeansResult result;
  std::string quality;
};

/// Clusters of rows that are ready; centroids that are `given` are brought into their space. Collective.
FoundClusters find_clusters(const KMeansJobOptions& options, const PointSet& set, std::optional<GivenCentroids> given,
                            const RowSpace& space, CheckpointClaim claim, JobContext& context) {
  const Index given_count = given ? given->centroids.rows() : 0;
  const ClusterCounts counts = options.clusters.value_or(ClusterCounts{given_count, given_count, 1});
  if (given && counts.first != given_count) {
    throw AgreedError(ExitCode::usage, fmt::format("--clusters {}: expected {}, as {} has, or no --clusters",
                                                   counts.first, given_count, options.init_file));
  }
  require_rows(set, options.source.path, counts.last);
  if (given) {
    agree_on(context.comm, [&] { require_rescalable(given->scaling, space.scaling, options.init_file); });
    rescale(given->scaling, space.scaling, given->centroids);
    if (space.metric == DistanceMetric::cosine) normalize_rows(given->centroids.view());
    require_bounded(context.comm, given->centroids, options.init_file);
  }
  KMeansJobOptions fitting = options;
  fitting.iterations.pruning.bound_bytes_per_row = room_for_bounds(options, set, counts.last, context);
  Matrix start = given ? std::move(given->centroids) : Matrix();
  KMeansCheckpointing checkpoints(*options.checkpoints, context, std::move(claim), set.points, start);
  KMeansProgress progress = checkpoints.resume();
  if (progress.steps == 0) progress.before = std::move(start);
  KMeansResult result = try_counts(fitting, counts, set.points, progress, checkpoints, context);
  return {std::move(result),
          recommended_json(progress.tried, {set.points.count, set.ids.total_rows - set.points.count})};
}

}  // namespace

void cluster_rows(const KMeansJobOptions& options, JobContext& context) {
  const auto run_begin = std::chrono::steady_clock::now();
  const Communicator& comm = context.comm;
  Report& report = context.report;
  require_sense(options);
  check_output(comm, options.output);
  for (const std::string& path : {options.assignments_csv, options.quality}) {
    if (!path.empty()) check_output(comm, path);
  }
  CheckpointClaim claim = KMeansCheckpointing::claim(*options.checkpoints, context, run_begin);

  // 1. Read the rows, and the centroids where some are given.
  auto reading = std::make_unique<Report::PhaseTimer>(report, "read");
  PointSource source = options.source;
  source.check = context.common.input_check;
  PointSet set = read_points(comm, source);
  report.line(set.note);
  for (const std::string& text : set.warnings) report.warning(text);
  const std::string& centroids_file = options.predict.empty() ? options.init_file : options.predict;
  std::optional<GivenCentroids> given;
  if (!centroids_file.empty()) {
    given = read_given(comm, centroids_file, context.common.input_check);
    for (const std::string& text : given->warnings) report.warning(text);
    const std::optional<std::string> further = match_by_name(*given, centroids_file, set);
    if (further) report.warning(*further);
    require_dimensions(*given, centroids_file, set, options.source.path);
    const std::optional<std::string> unknown = require_same_space(*given, centroids_file, set, options.source.path);
    if (unknown) report.warning(*unknown);
  }
  const bool from_clusters = given && given->are_clusters;
  require_some(set, options.source.path, "are without an entry or a value");
  reading.reset();

  // 2. Scale them.
  RowSpace space = options.predict.empty() ? wanted_space(options, given) : space_of_clusters(options, *given);
  if (set.points.is_sparse() && (scales_dimensions(options.scaling) || space.scaling)) {
    throw AgreedError(ExitCode::usage, fmt::format("{}: sparse rows: this --scale would make them dense; expected "
                                                   "--scale none or unit",
                                                   options.source.path));
  }
  if (set.points.is_sparse() && keeps_bounds(options.iterations.pruning.pruning)) {
    throw AgreedError(ExitCode::usage, fmt::format("{}: sparse rows have no bounds: expected --pruning auto or off",
                                                   options.source.path));
  }
  scale_points(comm, options, space, set.points);
  Index without_direction = 0;
  if (space.metric == DistanceMetric::cosine) {
    without_direction = leave_out(comm, set, zero_rows(set.points));
    require_some(set, options.source.path, "have only zeros, so no direction");
  }
  if (space.unit_rows || space.metric == DistanceMetric::cosine) normalize_rows(set.points);
  require_bounded(comm, set, options.source.path);
  tell_left_out(set, without_direction, report);

  // 3. Find clusters, or assign rows to those given.
  KMeansResult result;
  std::string quality;
  if (!options.predict.empty()) {
    const auto timer = report.phase("assign");
    report.add_flops("assign", assignment_flops(set.points, given->centroids.rows()));
    if (space.metric == DistanceMetric::cosine) normalize_rows(given->centroids.view());
    require_bounded(comm, given->centroids, options.predict);
    result = assign_rows(comm, set.points, std::move(given->centroids), space.metric);
    report.line(fmt::format("{} assigned to {}, metric {}, inertia {:.6e}", counted(set.points.count, "row"),
                            counted(result.centroids.rows(), "cluster"), metric_text(space.metric), result.inertia));
    report.event("assigned", {{"rows", set.points.count},
                              {"clusters", result.centroids.rows()},
                              {"metric", metric_text(space.metric)},
                              {"scale", scale_text(space)},
                              {"inertia", result.inertia}});
    context.configuration = configuration_in(space, context.configuration);
  } else {
    FoundClusters found = find_clusters(options, set, std::move(given), space, std::move(claim), context);
    result = std::move(found.result);
    quality = std::move(found.quality);
  }

  // 4. Write.
  const auto writing = report.phase("write");
  const std::uint64_t digest = set.dataset_digest;
  const Index rows = set.points.count;
  const Index clusters = result.centroids.rows();
  const Clustering clustering = clustering_of(std::move(result), std::move(set), space);
  if (from_clusters) tell_known_rows(context, centroids_file, clustering);
  write_clustering(comm, options.output, clustering, context.provenance("clustering", digest),
                   options.checkpoints->deflate_level);
  report.line(fmt::format("wrote {}: {} in {}", options.output, counted(rows, "row"), counted(clusters, "cluster")));
  if (!options.quality.empty()) write_from_root(context, options.quality, quality);
  if (!options.assignments_csv.empty()) {
    write_assignments_csv(comm, options.assignments_csv, clustering);
    report.line(fmt::format("wrote {}", options.assignments_csv));
  }
}

}  // namespace rankwise
