#include "jobs/kmeans/checkpointing.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "distributed/kmeans/points_digest.hpp"

namespace rankwise {

namespace {

std::string training_text(Index done, const char* steps, Index clusters) {
  return done == 0 ? fmt::format("the seeds of {} clusters", clusters)
                   : fmt::format("{} {}{} of {} clusters", done, steps, done == 1 ? "" : "s", clusters);
}

/// "3 iterations of 12 clusters, fold 2, restart 4"
std::string progress_text(const KMeansProgress& progress) {
  if (std::holds_alternative<std::monostate>(progress.training)) {
    return fmt::format("{} clusters of all rows", progress.tried.back().clusters);
  }
  std::string text;
  if (const auto* lloyd = std::get_if<LloydState>(&progress.training)) {
    text = training_text(std::ssize(lloyd->history), "iteration", lloyd->centroids.rows());
  } else {
    const auto& state = std::get<MiniBatchState>(progress.training);
    text = training_text(state.batches, "mini-batch", state.centroids.rows());
  }
  if (progress.present) text += fmt::format(", fold {}", progress.folds.size() + 1);
  if (progress.restart > 0) text += fmt::format(", restart {}", progress.restart + 1);
  return text;
}

}  // namespace

CheckpointClaim KMeansCheckpointing::claim(const CheckpointOptions& options, JobContext& context,
                                           std::chrono::steady_clock::time_point begin) {
  return {options, context, {kmeans_checkpoint_kind, "step", ""}, begin};
}

KMeansCheckpointing::KMeansCheckpointing(const CheckpointOptions& options, JobContext& context, CheckpointClaim claim,
                                         const Points& points, const Matrix& given_centroids)
    : context_(context),
      dimensions_(points.dimensions),
      deflate_level_(options.deflate_level),
      seeds_are_due_(options.every_steps || !options.interval_seconds),
      checkpoints_(
          options, context, std::move(claim),
          context.provenance(kmeans_checkpoint_kind,
                             options.directory.empty() ? 0 : points_digest(context.comm, points, given_centroids))),
      step_begin_(std::chrono::steady_clock::now()) {}

KMeansProgress KMeansCheckpointing::resume() {
  KMeansProgress progress;
  const std::optional<std::string> path = checkpoints_.resume(
      [&](const std::string& candidate) { progress = read_kmeans_checkpoint(context_.comm, candidate, dimensions_); });
  if (!path) return progress;
  context_.report.line(fmt::format("continues from {}: {}", *path, progress_text(progress)));
  context_.report.event("resumed", {{"file", *path}, {"steps", progress.steps}});
  return progress;
}

void KMeansCheckpointing::pause(KMeansProgress& progress, NextStep next) {
  if (!checkpoints_.are_wanted()) return;
  ++progress.steps;
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - step_begin_;
  const auto longest = [this](NextStep step) -> double& { return longest_seconds_[static_cast<std::size_t>(step)]; };
  longest(step_) = std::max(longest(step_), seconds.count());
  // The first iteration after the first seeds is taken to last as long as these did.
  const double next_seconds = longest(next) > 0 ? longest(next) : longest(step_);
  const StopRequest request = checkpoints_.requested(next_seconds);
  const bool has_seeds = step_ == NextStep::training && seeds_are_due_;
  if (request != StopRequest::none || has_seeds || checkpoints_.is_due(progress.steps)) {
    checkpoints_.write(checkpoints_.path_of(progress.steps), {"steps", progress.steps},
                       [&](const std::string& path, const Provenance& provenance) {
                         write_kmeans_checkpoint(context_.comm, path, progress, provenance, deflate_level_);
                       });
  }
  if (request == StopRequest::stop) checkpoints_.stop(checkpoints_.path_of(progress.steps), progress_text(progress));
  step_ = next;
  step_begin_ = std::chrono::steady_clock::now();
}

}  // namespace rankwise
