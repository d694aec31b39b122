// Sample runs:
//   rankwise kmeans --input model.h5 --rows users --clusters 12 --output segments.h5
//   rankwise kmeans --input points.csv --scale standard --clusters 2:20 --output best.h5
//   mpirun -n 8 rankwise kmeans --input model.h5 --rows users --init segments.h5 --output segments-q2.h5

#include "jobs/kmeans.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fmt/format.h>

#include "distributed/cluster_quality.hpp"
#include "distributed/mini_batch.hpp"
#include "distributed/point_rows.hpp"
#include "io/clustering.hpp"
#include "io/commit.hpp"
#include "io/points_file.hpp"
#include "jobs/byte_size.hpp"
#include "jobs/cluster_table.hpp"
#include "jobs/text_output.hpp"

namespace rankwise {

namespace {

bool keeps_bounds(Pruning pruning) {
  return pruning == Pruning::hamerly || pruning == Pruning::yinyang;
}

const char* search_name(SearchKind kind) {
  return kind == SearchKind::hamerly ? "hamerly" : kind == SearchKind::yinyang ? "yinyang" : "plain";
}

/// Options that would be silently without effect are refused.
void require_sense(const KMeansJobOptions& options) {
  const auto refuse = [](const char* message) { throw AgreedError(ExitCode::usage, message); };
  const bool given_centroids = options.init == Init::file;
  if (!options.predict.empty()) {
    if (options.clusters || options.init != Init::plus_plus || options.restarts > 1 || options.batch_rows > 0) {
      refuse("--predict assigns rows to given clusters: --clusters, --init, --restarts and --batch have no meaning");
    }
    if (!options.quality.empty()) refuse("--predict finds no clusters: --quality has no meaning");
    if (options.scaling != Scaling::none || options.iterations.metric != Metric::euclidean) {
      refuse("--predict takes scaling and metric from the clustering: --scale and --metric have no meaning");
    }
    if (options.memory_budget_bytes > 0 || options.iterations.pruning.pruning != Pruning::automatic) {
      refuse("--predict keeps no bounds: --memory-budget and --pruning have no meaning");
    }
    return;
  }
  const KMeansJobOptions defaults;
  const bool one_count = !options.clusters || options.clusters->is_single();
  if (options.init != Init::kmeans_parallel &&
      (options.parallel_seeding.oversampling != defaults.parallel_seeding.oversampling ||
       options.parallel_seeding.rounds != defaults.parallel_seeding.rounds)) {
    refuse("--oversampling and --rounds have a meaning only with --init kmeans-parallel");
  }
  if (one_count && options.sweep_start != defaults.sweep_start) {
    refuse("--sweep-start has a meaning only with several numbers of clusters");
  }
  if (one_count && options.quality.empty() && options.folds != defaults.folds) {
    refuse("--folds has a meaning only with several numbers of clusters or --quality");
  }
  if (options.batch_rows > 0 && options.iterations.tolerance != defaults.iterations.tolerance) {
    refuse("--tolerance has no meaning with --batch");
  }
  if (!options.clusters && !given_centroids) refuse("--clusters is missing; expected the number of clusters");
  if (given_centroids && options.restarts > 1) refuse("--restarts has no meaning with --init FILE");
  if (given_centroids && options.clusters && !options.clusters->is_single()) {
    refuse("--clusters FIRST:LAST has no meaning with --init FILE");
  }
  if (options.batch_rows > 0 && keeps_bounds(options.iterations.pruning.pruning)) {
    refuse("--pruning hamerly and yinyang have no meaning with --batch");
  }
}

/// Centroids in the space of the file they come from.
struct GivenCentroids {
  Matrix centroids;
  std::optional<DimensionScaling> scaling;  ///< that they are in
  std::optional<Metric> metric;             ///< of the clustering that they come from
  std::vector<std::string> dimensions;      ///< names, where known
};

GivenCentroids read_given(const Communicator& comm, const std::string& path) {
  if (detect_points(comm, path) == PointFormat::clustering) {
    const ClusteringReader file(comm, path);
    return {file.centroids(), file.scaling(), file.metric(), file.dimension_names()};
  }
  PointSource source;
  source.path = path;
  return {read_centroids(comm, source), {}, {}, {}};
}

/// Centroids and rows must have the same dimensions, by number and, where both have names, by name.
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

/// Centroids of a clustering begin clusters of the same metric only.
void require_metric(const GivenCentroids& given, const std::string& path, Metric metric) {
  if (!given.metric || *given.metric == metric) return;
  throw AgreedError(ExitCode::usage, fmt::format("{}: clusters by --metric {}: expected the same metric", path,
                                                 *given.metric == Metric::cosine ? "cosine" : "euclidean"));
}

/// The same centroids for rows that are scaled in another way.
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

/// Finds clusters of points that are ready: scaled, and of length one where the metric asks for it.
class Trainer {
 public:
  Trainer(const KMeansJobOptions& options, JobContext& context) : options_(options), context_(context) {}

  /// The best of the restarts; `before` are the clusters to begin from, empty for none.
  [[nodiscard]] KMeansResult train(const Points& points, Index clusters, const Matrix& before) const {
    std::optional<KMeansResult> best;
    for (Index restart = 0; restart < options_.restarts; ++restart) {
      KMeansResult result = improve(points, seed(points, clusters, before, restart), restart);
      if (options_.restarts > 1) {
        context_.report.line(fmt::format("restart {}/{}: inertia {:.6e} after {} iterations", restart + 1,
                                         options_.restarts, result.inertia, result.history.size()));
      }
      if (!best || result.inertia < best->inertia) best = std::move(result);
    }
    return std::move(*best);
  }

 private:
  [[nodiscard]] RandomStream random(RandomPurpose purpose, Index restart) const {
    constexpr std::uint64_t golden_ratio = 0x9E3779B97F4A7C15;
    return {context_.common.seed + static_cast<std::uint64_t>(restart) * golden_ratio, purpose};
  }

  [[nodiscard]] Matrix seed(const Points& points, Index clusters, const Matrix& before, Index restart) const {
    const auto timer = context_.report.phase("seeds");
    const Communicator& comm = context_.comm;
    const RandomStream stream = random(RandomPurpose::cluster_seeds, restart);
    Matrix seeds;
    if (before.rows() > 0) {
      seeds = add_plus_plus(comm, points, before, clusters, greedy_trials(clusters), stream);
    } else if (options_.init == Init::kmeans_parallel) {
      seeds = seed_in_parallel(comm, points, clusters, options_.parallel_seeding, stream);
    } else if (options_.init == Init::plus_plus) {
      seeds = seed_plus_plus(comm, points, clusters, greedy_trials(clusters), stream);
    } else {
      seeds = seed_randomly(comm, points, clusters, stream);
    }
    if (options_.iterations.metric == Metric::cosine) normalize_rows(seeds.view());
    return seeds;
  }

  [[nodiscard]] KMeansResult improve(const Points& points, Matrix seeds, Index restart) const {
    const auto timer = context_.report.phase("iterations");
    const Communicator& comm = context_.comm;
    const Metric metric = options_.iterations.metric;
    const double flops = assignment_flops(points, seeds.rows());
    if (options_.batch_rows > 0) {
      const MiniBatches batches{options_.batch_rows, options_.iterations.max_iterations};
      Matrix centroids = take_mini_batches(comm, points, std::move(seeds), batches, metric,
                                           random(RandomPurpose::cluster_batches, restart));
      context_.report.add_flops("iterations", flops);
      return assign_rows(comm, points, std::move(centroids), metric);
    }
    Index number = 0;
    return lloyd(comm, points, std::move(seeds), options_.iterations, [&](const KMeansIteration& iteration) {
      context_.report.add_flops("iterations", flops);
      tell(points, ++number, iteration);
    });
  }

  void tell(const Points& points, Index number, const KMeansIteration& iteration) const {
    if (options_.clusters && !options_.clusters->is_single()) {
      context_.report.bar("iterations", number, options_.iterations.max_iterations);
    } else {
      context_.report.line(fmt::format(
          "iteration {}: inertia {:.6e}, {} rows moved ({:.2f}%), {:.2f} s{}", number, iteration.inertia,
          iteration.moved, 100.0 * static_cast<double>(iteration.moved) / static_cast<double>(points.count),
          iteration.seconds,
          iteration.relocated > 0 ? fmt::format(", {} empty clusters filled", iteration.relocated) : std::string()));
    }
    context_.report.event("iteration", {{"iteration", number},
                                        {"inertia", iteration.inertia},
                                        {"moved", iteration.moved},
                                        {"search", search_name(iteration.search)},
                                        {"pruned", iteration.pruned},
                                        {"scored_share", iteration.scored},
                                        {"decided_twice", iteration.decided_twice},
                                        {"relocated", iteration.relocated},
                                        {"squared_shift", iteration.squared_shift},
                                        {"iteration_seconds", iteration.seconds}});
  }

  const KMeansJobOptions& options_;
  JobContext& context_;
};

/// Mean adjusted Rand index between clusterings of all rows by models that were trained on disjoint folds of them.
double find_stability(const KMeansJobOptions& options, const Trainer& trainer, const Points& points, Index clusters,
                      JobContext& context) {
  const RandomStream random(context.common.seed, RandomPurpose::cluster_folds);
  std::vector<std::vector<std::int32_t>> clusterings;
  for (Index fold = 0; fold < options.folds; ++fold) {
    std::vector<Index> rows;
    for (Index r = 0; r < points.mine.size(); ++r) {
      const double uniform = random.uniform(points.mine.begin + r, 0);
      if (static_cast<Index>(uniform * static_cast<double>(options.folds)) == fold) rows.push_back(r);
    }
    const Points part = select_rows(context.comm, points, rows);
    if (part.count < clusters) return std::nan("");
    KMeansResult model = trainer.train(part, clusters, Matrix());
    clusterings.push_back(
        assign_rows(context.comm, points, std::move(model.centroids), options.iterations.metric).assignments);
  }
  double sum = 0;
  Index pairs = 0;
  for (std::size_t a = 0; a < clusterings.size(); ++a) {
    for (std::size_t b = a + 1; b < clusterings.size(); ++b) {
      sum += adjusted_rand_index(context.comm, clusterings[a], clusters, clusterings[b], clusters);
      ++pairs;
    }
  }
  return pairs > 0 ? sum / static_cast<double>(pairs) : std::nan("");
}

/// Tries each number of clusters, fills the table and returns the result that it recommends.
KMeansResult try_counts(const KMeansJobOptions& options, const ClusterCounts& counts, const PointSet& set, Matrix given,
                        ClusterTable& table, JobContext& context) {
  const Trainer trainer(options, context);
  KMeansResult recommended;
  Matrix before = std::move(given);
  for (Index clusters = counts.first; clusters <= counts.last; clusters += counts.step) {
    KMeansResult result = trainer.train(set.points, clusters, before);
    ClusterTableRow row{clusters,
                        result.inertia,
                        {},
                        std::nan(""),
                        static_cast<Index>(result.history.size()),
                        std::ranges::min(result.sizes),
                        std::ranges::max(result.sizes)};
    {
      const auto timer = context.report.phase("quality");
      row.quality = assess_clusters(context.comm, set.points, result.assignments, clusters);
    }
    if (!counts.is_single() || !options.quality.empty()) {
      row.stability = find_stability(options, trainer, set.points, clusters, context);
      context.report.line(fmt::format("{} clusters: inertia {:.6e}, silhouette {:.4f}, {} iterations", clusters,
                                      result.inertia, row.quality.silhouette, row.iterations));
    }
    table.add(row, context.report);
    if (options.sweep_start == SweepStart::warm) before = result.centroids.clone();
    // The rule never goes back to an earlier number that it had passed over.
    if (table.recommended() + 1 == table.size()) recommended = std::move(result);
  }
  agree_on(context.comm, [&] {
    if (context.comm.is_root()) table.print();
  });
  return recommended;
}

Clustering clustering_of(KMeansResult result, PointSet set, Metric metric,
                         const std::optional<DimensionScaling>& scaling) {
  Clustering clustering;
  clustering.metric = metric;
  clustering.centroids = std::move(result.centroids);
  clustering.ids = std::move(set.ids);
  clustering.assignments = std::move(result.assignments);
  clustering.distances = std::move(result.distances);
  clustering.sizes = std::move(result.sizes);
  if (set.weighted) clustering.weights = std::move(result.weights);
  clustering.history = std::move(result.history);
  clustering.inertia = result.inertia;
  clustering.converged = result.converged;
  clustering.dimensions = std::move(set.dimensions);
  clustering.scaling = scaling;
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
  const Index id_bytes = rows * static_cast<Index>(sizeof(Index));
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
  throw AgreedError(ExitCode::bad_data, fmt::format("{}: {} rows: expected at least {}, the number of clusters", input,
                                                    set.points.count, clusters));
}

}  // namespace

void cluster_rows(const KMeansJobOptions& options, JobContext& context) {
  const Communicator& comm = context.comm;
  Report& report = context.report;
  require_sense(options);
  check_output(comm, options.output);
  for (const std::string& path : {options.assignments_csv, options.quality}) {
    if (!path.empty()) check_output(comm, path);
  }

  // 1. Read the rows, and the centroids where some are given.
  auto reading = std::make_unique<Report::PhaseTimer>(report, "read");
  PointSet set = read_points(comm, options.source);
  report.line(set.note);
  Metric metric = options.iterations.metric;
  const std::string& centroids_file = options.predict.empty() ? options.init_file : options.predict;
  std::optional<GivenCentroids> given;
  if (!centroids_file.empty()) {
    given = read_given(comm, centroids_file);
    require_dimensions(*given, centroids_file, set, options.source.path);
  }
  reading.reset();

  // 2. Scale them.
  std::optional<DimensionScaling> scaling;
  if (!options.predict.empty()) {
    scaling = given->scaling;
    metric = given->metric.value_or(Metric::euclidean);
  }
  if (set.points.is_sparse() && (options.scaling == Scaling::standard || scaling)) {
    throw AgreedError(ExitCode::usage, fmt::format("{}: sparse rows: --scale standard would make them dense; expected "
                                                   "--scale none or unit",
                                                   options.source.path));
  }
  if (set.points.is_sparse() && keeps_bounds(options.iterations.pruning.pruning)) {
    throw AgreedError(ExitCode::usage, fmt::format("{}: sparse rows have no bounds: expected --pruning auto or off",
                                                   options.source.path));
  }
  if (options.scaling == Scaling::standard) scaling = standard_scaling(comm, set.points);
  if (scaling) scale_dimensions(*scaling, set.points);
  if (options.scaling == Scaling::unit || metric == Metric::cosine) normalize_rows(set.points);

  // 3. Find clusters, or assign rows to those given.
  KMeansResult result;
  ClusterTable table;
  if (!options.predict.empty()) {
    const auto timer = report.phase("assign");
    report.add_flops("assign", assignment_flops(set.points, given->centroids.rows()));
    result = assign_rows(comm, set.points, std::move(given->centroids), metric);
    report.line(fmt::format("{} rows assigned to {} clusters, inertia {:.6e}", set.points.count,
                            result.centroids.rows(), result.inertia));
  } else {
    const Index given_count = given ? given->centroids.rows() : 0;
    const ClusterCounts counts = options.clusters.value_or(ClusterCounts{given_count, given_count, 1});
    if (given && counts.first != given_count) {
      throw AgreedError(ExitCode::usage, fmt::format("--clusters {}: expected {}, as {} has, or no --clusters",
                                                     counts.first, given_count, options.init_file));
    }
    require_rows(set, options.source.path, counts.last);
    if (given) {
      require_metric(*given, options.init_file, metric);
      rescale(given->scaling, scaling, given->centroids);
      if (metric == Metric::cosine) normalize_rows(given->centroids.view());
    }
    KMeansJobOptions fitting = options;
    fitting.iterations.pruning.bound_bytes_per_row = room_for_bounds(options, set, counts.last, context);
    result = try_counts(fitting, counts, set, given ? std::move(given->centroids) : Matrix(), table, context);
  }

  // 4. Write.
  const auto writing = report.phase("write");
  const std::uint64_t digest = set.dataset_digest;
  const Index rows = set.points.count;
  const Index clusters = result.centroids.rows();
  const Clustering clustering = clustering_of(std::move(result), std::move(set), metric, scaling);
  write_clustering(comm, options.output, clustering, context.provenance("clustering", digest));
  report.line(fmt::format("wrote {}: {} rows in {} clusters", options.output, rows, clusters));
  if (!options.quality.empty()) write_from_root(context, options.quality, table.recommended_json());
  if (!options.assignments_csv.empty()) {
    write_assignments_csv(comm, options.assignments_csv, clustering);
    report.line(fmt::format("wrote {}", options.assignments_csv));
  }
}

}  // namespace rankwise
