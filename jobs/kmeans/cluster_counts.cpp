#include "jobs/kmeans/cluster_counts.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "distributed/kmeans/cluster_quality.hpp"
#include "distributed/kmeans/point_rows.hpp"
#include "jobs/kmeans/cluster_table.hpp"
#include "jobs/kmeans/cluster_training.hpp"
#include "kernels/text/counted.hpp"

namespace rankwise {

namespace {

/// The rows of a fold, one of `folds` that each row is drawn into. Collective.
Points fold_rows(const JobContext& context, const Points& points, Index fold, Index folds) {
  const RandomStream random(context.common.seed, RandomPurpose::cluster_folds);
  std::vector<Index> rows;
  for (Index r = 0; r < points.mine.size(); ++r) {
    const double uniform = random.uniform(points.mine.begin + r, 0);
    if (static_cast<Index>(uniform * static_cast<double>(folds)) == fold) rows.push_back(r);
  }
  return select_rows(context.comm, points, rows);
}

/// Mean adjusted Rand index between clusterings of all rows by models that were trained on disjoint folds of them; NaN
/// where there are none. Collective.
double find_stability(const KMeansJobOptions& options, const ClusterTrainer& trainer, const Points& points,
                      Index clusters, KMeansProgress& progress, const JobContext& context) {
  for (Index fold = std::ssize(progress.folds); fold < options.folds; ++fold) {
    const Points part = fold_rows(context, points, fold, options.folds);
    if (part.count < clusters) return std::nan("");
    KMeansResult model = trainer.train(part, clusters, Matrix());
    progress.folds.push_back(assign_rows(context.comm, points, std::move(model.centroids), options.iterations.metric));
    progress.folds.back().distances = {};  // memory of the rows, and not needed
  }
  double sum = 0;
  Index pairs = 0;
  for (std::size_t a = 0; a < progress.folds.size(); ++a) {
    for (std::size_t b = a + 1; b < progress.folds.size(); ++b) {
      sum += adjusted_rand_index(context.comm, progress.folds[a].assignments, clusters, progress.folds[b].assignments,
                                 clusters);
      ++pairs;
    }
  }
  return pairs > 0 ? sum / static_cast<double>(pairs) : std::nan("");
}

/// Why a row of the table may be without a stability.
std::string no_stability_text(const KMeansJobOptions& options, bool are_assessed) {
  if (!are_assessed) return "it is found for several numbers of clusters, or with --quality";
  if (options.folds < 2) return "it needs --folds of at least 2";
  return fmt::format("each of the {} folds must have at least as many rows as clusters", options.folds);
}

/// The table's row of clusters of all points, whose stability is not known yet. Collective.
ClusterTableRow assess(const KMeansResult& result, const Points& points, JobContext& context) {
  const auto timer = context.report.phase("quality");
  const Index clusters = result.centroids.rows();
  return {clusters,
          result.inertia,
          assess_clusters(context.comm, points, result.assignments, clusters),
          std::nan(""),
          static_cast<Index>(result.history.size()),
          std::ranges::min(result.sizes),
          std::ranges::max(result.sizes)};
}

/// What a checkpoint does not hold of the trainings that are over. Collective.
void complete_all(const ClusterTrainer& trainer, const Points& points, KMeansProgress& progress) {
  if (progress.recommended) trainer.complete(points, *progress.recommended);
  if (progress.present) trainer.complete(points, *progress.present);
  for (KMeansResult& fold : progress.folds) trainer.complete(points, fold);
}

}  // namespace

KMeansResult try_counts(const KMeansJobOptions& options, const ClusterCounts& counts, const Points& points,
                        KMeansProgress& progress, KMeansCheckpointing& checkpoints, JobContext& context) {
  const ClusterTrainer trainer(options, progress, checkpoints, context);
  std::vector<ClusterTableRow>& tried = progress.tried;
  complete_all(trainer, points, progress);
  const bool are_assessed = !counts.is_single() || !options.quality.empty();
  const Index finished = std::ssize(tried) - (progress.present ? 1 : 0);
  for (Index clusters = counts.first + finished * counts.step; clusters <= counts.last; clusters += counts.step) {
    // 1. Clusters of all rows, and how good they are.
    if (!progress.present) {
      KMeansResult result = trainer.train(points, clusters, progress.before);
      tried.push_back(assess(result, points, context));
      progress.present = std::move(result);
      if (are_assessed) checkpoints.pause(progress, NextStep::training);
    }
    // 2. Whether parts of the rows have the same ones.
    ClusterTableRow& row = tried.back();
    if (are_assessed) {
      row.stability = find_stability(options, trainer, points, clusters, progress, context);
      context.report.line(fmt::format("{}: inertia {:.6e}, silhouette {}, {}", counted(clusters, "cluster"),
                                      row.inertia, index_text(row.quality.silhouette),
                                      counted(row.iterations, "iteration")));
    }
    tell_row(row, context.report);
    // 3. The rule never goes back to an earlier number that it had passed over.
    if (options.sweep_start == SweepStart::warm) progress.before = progress.present->centroids.clone();
    if (recommended_row(tried) + 1 == tried.size()) progress.recommended = std::move(progress.present);
    progress.present.reset();
    progress.folds.clear();
  }
  agree_on(context.comm, [&] {
    if (context.comm.is_root()) print_table(tried, no_stability_text(options, are_assessed));
  });
  return std::move(*progress.recommended);
}

}  // namespace rankwise
