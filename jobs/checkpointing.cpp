#include "jobs/checkpointing.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace rankwise {

namespace {

std::string progress_text(const TrainingProgress& progress) {
  return fmt::format("{}{} epoch{}", progress.history.size(), progress.solved == SolvedSide::users ? " and a half" : "",
                     progress.half_sweeps() == 2 ? "" : "s");
}

}  // namespace

Checkpointing::Checkpointing(const CheckpointOptions& options, JobContext& context, std::uint64_t dataset_digest,
                             std::chrono::steady_clock::time_point begin)
    : context_(context),
      // More epochs are the same training.
      checkpoints_(options, context, {checkpoint_kind, "epoch", "epochs"}, dataset_digest, begin) {}

std::optional<Checkpoint> Checkpointing::resume(const Partition& users, const Partition& items, Index width,
                                                Index epochs) {
  std::optional<Checkpoint> checkpoint;
  const std::optional<std::string> path = checkpoints_.resume([&](const std::string& candidate) {
    checkpoint = read_checkpoint(context_.comm, candidate, users, items, width);
  });
  if (!path) return std::nullopt;
  const TrainingProgress& progress = checkpoint->progress;
  if (progress.half_sweeps() > 2 * epochs) {
    throw AgreedError(ExitCode::usage,
                      fmt::format("--epochs {}: {} already has {}", epochs, *path, progress_text(progress)));
  }
  context_.report.line(fmt::format("goes on from {}: {} of {}", *path, progress_text(progress), epochs));
  context_.report.event("resumed", {{"file", *path}, {"epochs", static_cast<Index>(progress.history.size())}});
  return checkpoint;
}

bool Checkpointing::stops_after(const TrainingProgress& progress, const FactorMatrix& users, const FactorMatrix& items,
                                double seconds) {
  if (!checkpoints_.are_wanted()) return false;
  longest_half_sweep_seconds_ = std::max(longest_half_sweep_seconds_, seconds);
  const StopRequest request = checkpoints_.requested(longest_half_sweep_seconds_);
  const auto is_due = [&] {
    return progress.solved == SolvedSide::items && checkpoints_.is_due(static_cast<Index>(progress.history.size()));
  };
  if (request != StopRequest::none || is_due()) write(progress, users, items);
  return request == StopRequest::stop;
}

std::string Checkpointing::path_of(const TrainingProgress& progress) const {
  return checkpoints_.path_of(static_cast<Index>(progress.history.size()),
                              progress.solved == SolvedSide::users ? "half" : "");
}

void Checkpointing::write(const TrainingProgress& progress, const FactorMatrix& users, const FactorMatrix& items) {
  checkpoints_.write(path_of(progress), {"half_sweeps", progress.half_sweeps()},
                     [&](const std::string& path, const Provenance& provenance) {
                       write_checkpoint(context_.comm, path, progress, users, items, provenance);
                     });
}

void Checkpointing::pause(const TrainingProgress& progress, const FactorMatrix& users, const FactorMatrix& items,
                          double seconds, AlsSide& next) {
  // What is on its way must not outlive the place that it goes to.
  const auto complete = [&next] {
    if (next.incoming) next.incoming->wait();
  };
  try {
    if (!stops_after(progress, users, items, seconds)) return;
  } catch (const AgreedError&) {
    complete();
    throw;
  }
  complete();
  checkpoints_.stop(path_of(progress), progress_text(progress));
}

}  // namespace rankwise
