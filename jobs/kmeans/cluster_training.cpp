#include "jobs/kmeans/cluster_training.hpp"

#include <fmt/format.h>
#include <optional>

#include "distributed/kmeans/feature_scaling.hpp"
#include "distributed/kmeans/mini_batch.hpp"
#include "distributed/kmeans/seeding.hpp"
#include "kernels/text/counted.hpp"

namespace rankwise {

namespace {

const char* search_name(SearchKind kind) {
  return kind == SearchKind::hamerly ? "hamerly" : kind == SearchKind::yinyang ? "yinyang" : "plain";
}

}  // namespace

KMeansResult ClusterTrainer::train(const Points& points, Index clusters, const Matrix& before) const {
  std::optional<KMeansResult>& best = progress_.best;
  if (best) complete(points, *best);
  for (; progress_.restart < options_.restarts; ++progress_.restart) {
    // 1. Where to begin.
    if (std::holds_alternative<std::monostate>(progress_.training)) {
      Matrix seeds = seed(points, clusters, before);
      if (options_.batch_rows > 0) {
        progress_.training = MiniBatchState{std::move(seeds)};
      } else {
        progress_.training = LloydState{std::move(seeds)};
      }
      checkpoints_.pause(progress_, NextStep::iteration);
    }
    // 2. From there to the end.
    KMeansResult result = improve(points);
    progress_.training = {};
    if (options_.restarts > 1) {
      context_.report.line(fmt::format("restart {}/{}: inertia {:.6e} after {}", progress_.restart + 1,
                                       options_.restarts, result.inertia,
                                       counted(std::ssize(result.history), "iteration")));
    }
    // 3. The best is kept.
    if (!best || result.inertia < best->inertia) best = std::move(result);
  }
  progress_.restart = 0;
  return *std::exchange(best, std::nullopt);
}

void ClusterTrainer::complete(const Points& points, KMeansResult& result) const {
  if (!result.sizes.empty()) return;
  const auto timer = context_.report.phase("assign");
  KMeansResult whole = assign_rows(context_.comm, points, std::move(result.centroids), options_.iterations.metric);
  whole.history = std::move(result.history);
  whole.converged = result.converged;
  result = std::move(whole);
}

RandomStream ClusterTrainer::random(RandomPurpose purpose) const {
  constexpr std::uint64_t golden_ratio = 0x9E3779B97F4A7C15;
  return {context_.common.seed + static_cast<std::uint64_t>(progress_.restart) * golden_ratio, purpose};
}

Matrix ClusterTrainer::seed(const Points& points, Index clusters, const Matrix& before) const {
  const auto timer = context_.report.phase("seeds");
  const Communicator& comm = context_.comm;
  const RandomStream stream = random(RandomPurpose::cluster_seeds);
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
  if (options_.iterations.metric == DistanceMetric::cosine) normalize_rows(seeds.view());
  return seeds;
}

KMeansResult ClusterTrainer::improve(const Points& points) const {
  const Communicator& comm = context_.comm;
  const DistanceMetric metric = options_.iterations.metric;
  std::optional<Report::PhaseTimer> timer;
  const auto pause = [&](bool is_last) {
    timer.reset();
    checkpoints_.pause(progress_, is_last ? NextStep::training : NextStep::iteration);
    timer.emplace(context_.report, "iterations");
  };
  timer.emplace(context_.report, "iterations");
  if (auto* const state = std::get_if<MiniBatchState>(&progress_.training)) {
    const MiniBatches batches{options_.batch_rows, options_.iterations.max_iterations};
    take_mini_batches(comm, points, *state, batches, metric, random(RandomPurpose::cluster_batches),
                      [&] { pause(state->batches == batches.count); });
    context_.report.add_flops("iterations", assignment_flops(points, state->centroids.rows()));
    return assign_rows(comm, points, std::move(state->centroids), metric);
  }
  auto& state = std::get<LloydState>(progress_.training);
  const double flops = assignment_flops(points, state.centroids.rows());
  return lloyd(comm, points, state, options_.iterations, [&](const LloydIteration& iteration) {
    const Index done = std::ssize(state.history);
    context_.report.add_flops("iterations", flops);
    tell(points, done, iteration);
    pause(state.converged || done == options_.iterations.max_iterations);
  });
}

void ClusterTrainer::tell(const Points& points, Index number, const LloydIteration& iteration) const {
  if (options_.clusters && !options_.clusters->is_single()) {
    context_.report.bar("iterations", number, options_.iterations.max_iterations);
  } else {
    // In the first iteration no row has been anywhere before.
    const double share = static_cast<double>(iteration.moved) / static_cast<double>(points.count);
    const std::string moved = number == 1
                                  ? fmt::format("{} assigned", counted(points.count, "row"))
                                  : fmt::format("{} moved ({:.2f}%)", counted(iteration.moved, "row"), 100.0 * share);
    context_.report.line(fmt::format(
        "iteration {}: inertia {:.6e}, {}, {:.2f} s{}", number, iteration.inertia, moved, iteration.seconds,
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

}  // namespace rankwise
