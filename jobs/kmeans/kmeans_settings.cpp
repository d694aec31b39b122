#include "jobs/kmeans/kmeans_settings.hpp"

#include <charconv>
#include <fmt/format.h>
#include <vector>

#include "kernels/base/error.hpp"

namespace rankwise {

ClusterCounts parse_cluster_counts(const std::string& text) {
  constexpr Index most_clusters = 1'000'000;
  std::vector<Index> numbers;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (true) {
    Index number = 0;
    const auto [next, error] = std::from_chars(at, end, number);
    if (error != std::errc() || number < 1 || number > most_clusters) break;
    numbers.push_back(number);
    if (next == end && numbers.size() <= 3) {
      const ClusterCounts counts{numbers[0], numbers.size() > 1 ? numbers[1] : numbers[0],
                                 numbers.size() > 2 ? numbers[2] : 1};
      if (counts.last < counts.first) break;
      return counts;
    }
    if (next == end || *next != ':') break;
    at = next + 1;
  }
  throw Error(ExitCode::usage, fmt::format("--clusters {}: expected a number from 1 to {}, or FIRST:LAST or "
                                           "FIRST:LAST:STEP to try several",
                                           text, most_clusters));
}

bool keeps_bounds(Pruning pruning) {
  return pruning == Pruning::hamerly || pruning == Pruning::yinyang;
}

void require_sense(const KMeansJobOptions& options) {
  require_sense(*options.checkpoints);
  const auto refuse = [](const char* message) { throw AgreedError(ExitCode::usage, message); };
  const bool given_centroids = options.init == Init::file;
  if (!options.predict.empty()) {
    if (options.clusters || options.init != Init::plus_plus || options.restarts > 1 || options.batch_rows > 0) {
      refuse("--predict assigns rows to given clusters: --clusters, --init, --restarts and --batch have no meaning");
    }
    if (!options.quality.empty()) refuse("--predict finds no clusters: --quality has no meaning");
    if (options.memory_budget_bytes > 0 || options.iterations.pruning.pruning != Pruning::automatic) {
      refuse("--predict keeps no bounds: --memory-budget and --pruning have no meaning");
    }
    if (!options.checkpoints->directory.empty()) refuse("--predict is done at once: --checkpoint has no meaning");
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

}  // namespace rankwise
