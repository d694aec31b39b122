#include "jobs/als/checkpointing.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <exception>
#include <filesystem>
#include <fmt/format.h>
#include <utility>

#include "jobs/options/choices.hpp"

namespace rankwise {

namespace {

/// In the name of a checkpoint that was written in the middle of an epoch.
constexpr const char* half = "half";

std::string progress_text(const TrainingProgress& progress) {
  return fmt::format("{}{} epoch{}", progress.history.size(), progress.solved == SolvedSide::users ? " and a half" : "",
                     progress.half_sweeps() == 2 ? "" : "s");
}

}  // namespace

void describe_checkpoint_writing(boost::program_options::options_description& description,
                                 const std::shared_ptr<CheckpointOptions>& options) {
  namespace po = boost::program_options;
  // clang-format off
  description.add_options()
    ("checkpoint-writing", po::value<std::string>()->value_name("auto|behind|waiting")->default_value("auto")->notifier(
       one_of<CheckpointWriting>("checkpoint-writing", options->writing,
                                 {{"auto", CheckpointWriting::automatic}, {"behind", CheckpointWriting::behind}, {"waiting", CheckpointWriting::waiting}})),
     "behind: the run continues meanwhile, and can stop between the batches of a half-sweep; takes a copy of the larger side's factors. auto: behind, unless that "
     "copy is more than a tenth of --memory-budget");
  // clang-format on
}

CheckpointWriting choose_writing(const CheckpointOptions& options, const Communicator& comm, Index copy_bytes,
                                 Index budget_bytes) {
  if (options.directory.empty()) return CheckpointWriting::waiting;
  if (options.writing != CheckpointWriting::automatic) return options.writing;
  const bool is_dear = budget_bytes > 0 && 10 * copy_bytes > budget_bytes;
  return comm.max(Index{is_dear}) == 0 ? CheckpointWriting::behind : CheckpointWriting::waiting;
}

CheckpointClaim Checkpointing::claim(const CheckpointOptions& options, JobContext& context,
                                     std::chrono::steady_clock::time_point begin) {
  // More epochs are the same training.
  return {options, context, {checkpoint_kind, "epoch", "epochs", {half}}, begin};
}

Checkpointing::Checkpointing(const CheckpointOptions& options, CheckpointWriting writing, JobContext& context,
                             CheckpointClaim claim, const Provenance& provenance,
                             std::optional<EvaluationMetric> validation)
    : context_(context),
      checkpoints_(options, context, std::move(claim), provenance),
      writing_(writing),
      deflate_level_(options.deflate_level),
      validation_(std::move(validation)) {}

std::optional<Checkpoint> Checkpointing::resume(const Partition& users, const Partition& items, Index width,
                                                Index epochs) {
  std::optional<Checkpoint> checkpoint;
  const std::optional<std::string> path = checkpoints_.resume([&](const std::string& candidate) {
    checkpoint = read_checkpoint(context_.comm, candidate, users, items, width);
    secure_best(candidate, *checkpoint, users, items, width);
  });
  if (!path) return std::nullopt;
  const TrainingProgress& progress = checkpoint->progress;
  if (progress.half_sweeps() > 2 * epochs) {
    throw AgreedError(ExitCode::usage,
                      fmt::format("--epochs {}: {} already has {}", epochs, *path, progress_text(progress)));
  }
  context_.report.line(fmt::format("continues from {}: {} of {}", *path, progress_text(progress), epochs));
  context_.report.event("resumed", {{"file", *path}, {"epochs", static_cast<Index>(progress.history.size())}});
  path_ = *path;
  return checkpoint;
}

std::vector<Index> Checkpointing::best_epochs_of(const TrainingProgress& progress) const {
  return validation_ ? best_epochs(*validation_, progress.history) : std::vector<Index>();
}

/// The best epoch of a checkpoint's history must be to be had here, from beside the checkpoint where it is elsewhere.
void Checkpointing::secure_best(const std::string& path, const Checkpoint& checkpoint, const Partition& users,
                                const Partition& items, Index width) {
  const std::vector<Index> bests = best_epochs_of(checkpoint.progress);
  if (bests.empty() || bests.back() == 0) return;
  namespace fs = std::filesystem;
  const auto normal = [](const fs::path& name) { return fs::absolute(name).lexically_normal().string(); };
  const std::string here = normal(checkpoints_.path_of(bests.back()));
  const std::string best = normal(fs::path(path).replace_filename(fs::path(here).filename()));
  const bool is_elsewhere = best != here;
  if (best == normal(path) && !is_elsewhere) return;
  try {
    checkpoints_.require_intact(best);
    if (!is_elsewhere) return;
    const Checkpoint found = read_checkpoint(context_.comm, best, users, items, width);
    start_checkpoint(context_.comm, context_.comm, here, found.progress, {users, found.users.view()},
                     {items, found.items.view()}, checkpoints_.provenance(), {}, deflate_level_)
        ->finish();
  } catch (const AgreedError& error) {
    if (error.code() != ExitCode::no_input && error.code() != ExitCode::bad_data) throw;
    throw DamagedCheckpoint(ExitCode::bad_data,
                            fmt::format("{}: its best epoch cannot be had: {}", path, error.what()));
  }
}

FactorPair Checkpointing::read_best(Index epoch, const Partition& users, const Partition& items, Index width) {
  finish();
  const std::string path = checkpoints_.path_of(epoch);
  checkpoints_.require_intact(path);
  Checkpoint best = read_checkpoint(context_.comm, path, users, items, width);
  return {std::move(best.users), std::move(best.items)};
}

bool Checkpointing::is_due(const TrainingProgress& progress) const {
  if (progress.solved != SolvedSide::items) return false;
  const auto epochs = static_cast<Index>(progress.history.size());
  if (validation_ && best_epochs_of(progress).back() == epochs) return true;
  return checkpoints_.is_due(epochs);
}

/// What of it is solved next is copied where the run continues meanwhile.
void Checkpointing::keep_state(const AlsTraining& training, CheckpointWriting writing) {
  const TrainingProgress& progress = training.progress;
  const FactorMatrix& users = training.users.factors.factors;
  const FactorMatrix& items = training.items.factors.factors;
  state_.emplace(State{progress, {users.partition, users.local.view()}, {items.partition, items.local.view()}});
  if (writing == CheckpointWriting::waiting) return;
  FactorRows& solved_next = progress.solved == SolvedSide::items ? state_->users : state_->items;
  const ConstMatrixView rows = solved_next.local;
  if (copy_.columns() == 0) copy_ = Matrix(std::max(users.local.rows(), items.local.rows()), rows.columns);
  std::copy_n(rows.data, rows.rows * rows.stride, copy_.view().data);
  solved_next.local = std::as_const(copy_).view().middle_rows(0, rows.rows);
}

void Checkpointing::start_writing() {
  const TrainingProgress& progress = state_->progress;
  path_ = checkpoints_.path_of(static_cast<Index>(progress.history.size()),
                               progress.solved == SolvedSide::users ? half : "");
  checkpoints_.start_writing(
      path_, {"half_sweeps", progress.half_sweeps()},
      [&](const Communicator& background, const std::string& path, const Provenance& provenance,
          std::function<void()> then) {
        return start_checkpoint(context_.comm, background, path, progress, state_->users, state_->items, provenance,
                                std::move(then), deflate_level_);
      },
      best_epochs_of(progress));
  state_->is_written = true;
}

void Checkpointing::settle() {
  try {
    finish();
  } catch (const AgreedError& error) {
    context_.report.line(error.what());
  }
}

void Checkpointing::stop() {
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  if (!state_->is_written) start_writing();
  finish();
  checkpoints_.stop(path_, progress_text(state_->progress));
}

void Checkpointing::begin(const AlsTraining& training) {
  if (!checkpoints_.are_wanted() || writing_ == CheckpointWriting::waiting || training.next().side.is_whole()) return;
  keep_state(training, writing_);
  state_->is_written = !path_.empty();
  last_batch_ = std::chrono::steady_clock::now();
}

void Checkpointing::pause(const AlsTraining& training, double seconds) {
  if (!checkpoints_.are_wanted()) return;
  // 1. What was written during the half-sweep must be in its place before its rows change.
  finish();
  state_.reset();

  // 2. What is to be done: a checkpoint, or the last one.
  longest_half_sweep_seconds_ = std::max(longest_half_sweep_seconds_, seconds);
  const StopRequest request = checkpoints_.requested(longest_half_sweep_seconds_);
  const bool is_wanted = request != StopRequest::none || is_due(training.progress);

  // 3. Write it, behind the next half-sweep where there is one.
  const CheckpointWriting writing = request == StopRequest::stop ? CheckpointWriting::waiting : writing_;
  const bool may_go_back = writing == CheckpointWriting::behind && !training.next().side.is_whole();
  if (is_wanted || may_go_back) keep_state(training, writing);
  if (is_wanted) start_writing();
  if (writing == CheckpointWriting::waiting) finish();
  last_batch_ = std::chrono::steady_clock::now();
  if (request == StopRequest::stop) stop();
}

SweepHooks Checkpointing::hooks() {
  return {[this] { checkpoints_.progress(); }, [this] { return goes_on(); }};
}

bool Checkpointing::goes_on() {
  // Without a copy there is nothing to go back to.
  if (!state_ || writing_ == CheckpointWriting::waiting) return true;
  const auto now = std::chrono::steady_clock::now();
  const std::chrono::duration<double> seconds = now - std::exchange(last_batch_, now);
  longest_batch_seconds_ = std::max(longest_batch_seconds_, seconds.count());
  const StopRequest request = checkpoints_.requested(longest_batch_seconds_);
  if (request == StopRequest::stop) return false;
  if (request == StopRequest::none || state_->is_written) return true;
  try {
    start_writing();
  } catch (const AgreedError&) {
    failure_ = std::current_exception();
  }
  return !failure_;
}

}  // namespace rankwise
