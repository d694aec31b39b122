#include "jobs/checkpointing.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <fmt/format.h>
#include <map>
#include <sstream>
#include <utility>

#include "jobs/choices.hpp"
#include "jobs/duration.hpp"

namespace rankwise {

namespace {

/// `name = value` lines.
std::map<std::string, std::string> settings_of(const std::string& configuration) {
  std::map<std::string, std::string> settings;
  std::istringstream lines(configuration);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t middle = line.find(" = ");
    if (middle != std::string::npos) settings[line.substr(0, middle)] = line.substr(middle + 3);
  }
  settings.erase("epochs");  // more of them are the same training
  return settings;
}

/// What a time that was measured is taken for next time.
constexpr double safety = 1.5;

std::string progress_text(const TrainingProgress& progress) {
  return fmt::format("{}{} epoch{}", progress.history.size(), progress.solved == SolvedSide::users ? " and a half" : "",
                     progress.half_sweeps() == 2 ? "" : "s");
}

}  // namespace

void describe_checkpoints(boost::program_options::options_description& description,
                          const std::shared_ptr<CheckpointOptions>& options) {
  namespace po = boost::program_options;
  // clang-format off
  description.add_options()
    ("checkpoint", po::value(&options->directory)->value_name("DIR"),
     "folder of checkpoints, from which an interrupted run goes on to the same bits, on any number of ranks. SIGUSR1 writes one at once; SIGUSR2, SIGTERM, SIGINT "
     "or a file DIR/stop write one and end the run with exit code 75")
    ("checkpoint-every", po::value<Index>()->value_name("N")->notifier([options](Index epochs) {
       within<Index>("checkpoint-every", 1, 1'000'000)(epochs);
       options->every_epochs = epochs; }), "epochs between checkpoints; 1 where --checkpoint-interval is not given either")
    ("checkpoint-interval", po::value<std::string>()->value_name("TIME")->notifier(duration_of("checkpoint-interval", options->interval_seconds)),
     "time between checkpoints, which are written at the end of an epoch, as in 20min, 1.5h or 03:55:00")
    ("resume", po::value(&options->resume)->value_name("auto|never|FILE")->default_value("auto"),
     "auto: go on from the newest intact checkpoint, if there is one; never: begin anew; or from this checkpoint")
    ("max-time", po::value<std::string>()->value_name("TIME")->notifier(duration_of("max-time", options->most_seconds)),
     "stop with a checkpoint before this time is over")
    ("keep", po::value<Index>()->value_name("N")->notifier([options](Index count) {
       within<Index>("keep", 1, 1'000'000)(count);
       options->keep = count; }), "checkpoints to keep; 2 where not given")
    ("checkpoint-writing", po::value<std::string>()->value_name("auto|behind|waiting")->default_value("auto")->notifier(
       one_of<CheckpointWriting>("checkpoint-writing", options->writing,
                                 {{"auto", CheckpointWriting::automatic}, {"behind", CheckpointWriting::behind}, {"waiting", CheckpointWriting::waiting}})),
     "behind: the run goes on meanwhile, and can stop between the batches of a half-sweep; takes a copy of the larger side's factors. auto: behind, unless that "
     "copy is more than a tenth of --memory-budget");
  // clang-format on
}

void require_sense(const CheckpointOptions& options) {
  if (!options.directory.empty()) return;
  const auto refuse = [](const char* option) {
    throw AgreedError(ExitCode::usage, fmt::format("--{} has a meaning only with --checkpoint", option));
  };
  if (options.every_epochs) refuse("checkpoint-every");
  if (options.interval_seconds) refuse("checkpoint-interval");
  if (options.most_seconds) refuse("max-time");
  if (options.keep) refuse("keep");
  if (options.resume != "auto") refuse("resume");
  if (options.writing != CheckpointWriting::automatic) refuse("checkpoint-writing");
}

CheckpointWriting choose_writing(const CheckpointOptions& options, const Communicator& comm, Index copy_bytes,
                                 Index budget_bytes) {
  if (options.directory.empty()) return CheckpointWriting::waiting;
  if (options.writing != CheckpointWriting::automatic) return options.writing;
  const bool is_dear = budget_bytes > 0 && 10 * copy_bytes > budget_bytes;
  return comm.max(Index{is_dear}) == 0 ? CheckpointWriting::behind : CheckpointWriting::waiting;
}

Checkpointing::Checkpointing(const CheckpointOptions& options, CheckpointWriting writing, JobContext& context,
                             std::uint64_t dataset_digest, std::chrono::steady_clock::time_point begin)
    : options_(options),
      writing_(writing),
      context_(context),
      provenance_(context.provenance("checkpoint", dataset_digest)),
      last_write_(std::chrono::steady_clock::now()) {
  if (options.directory.empty()) return;
  directory_ = std::make_unique<CheckpointDirectory>(context.comm, options.directory);
  requests_ = std::make_unique<StopRequests>(options.most_seconds, begin);
  background_ = context.comm.split(0);
}

void Checkpointing::require_same_training(const std::string& path, const Provenance& found) const {
  const auto refuse = [&path](const std::string& what) {
    throw AgreedError(
        ExitCode::bad_data,
        fmt::format("{}: is a checkpoint of another training: {} (--resume never begins anew)", path, what));
  };
  if (found.dataset_digest != provenance_.dataset_digest) {
    refuse(fmt::format("its dataset has the digest {:016x}, expected {:016x}", found.dataset_digest,
                       provenance_.dataset_digest));
  }
  const auto theirs = settings_of(found.configuration);
  const auto ours = settings_of(provenance_.configuration);
  for (const auto& [name, value] : ours) {
    const auto other = theirs.find(name);
    if (other == theirs.end()) refuse(fmt::format("it has no {}, expected {}", name, value));
    if (other->second != value) refuse(fmt::format("its {} is {}, expected {}", name, other->second, value));
  }
  for (const auto& [name, value] : theirs) {
    if (!ours.contains(name)) refuse(fmt::format("its {} is {}, expected none", name, value));
  }
  if (found.version != provenance_.version) {
    context_.report.line(
        fmt::format("{}: was written by {}; identical bits are promised for one build", path, found.version));
  }
}

std::optional<Checkpoint> Checkpointing::resume(const Partition& users, const Partition& items, Index width,
                                                Index epochs) {
  if (!directory_ || options_.resume == "never") return std::nullopt;
  const bool is_named = options_.resume != "auto";
  const std::vector<std::string> candidates =
      is_named ? std::vector<std::string>{options_.resume} : directory_->newest_first();
  for (const std::string& path : candidates) {
    std::optional<Checkpoint> checkpoint;
    try {
      require_same_training(path, verified_provenance(context_.comm, path));
      checkpoint = read_checkpoint(context_.comm, path, users, items, width);
    } catch (const DamagedCheckpoint& damage) {
      if (is_named) throw;
      context_.report.line(fmt::format("{}; the one before it is tried", damage.what()));
      context_.report.event("damaged_checkpoint", {{"file", path}, {"reason", std::string(damage.what())}});
      continue;
    }
    const auto done = static_cast<Index>(checkpoint->progress.history.size());
    if (checkpoint->progress.half_sweeps() > 2 * epochs) {
      throw AgreedError(ExitCode::usage, fmt::format("--epochs {}: {} already has {}", epochs, path,
                                                     progress_text(checkpoint->progress)));
    }
    context_.report.line(fmt::format("goes on from {}: {} of {}", path, progress_text(checkpoint->progress), epochs));
    context_.report.event("resumed", {{"file", path}, {"epochs", done}});
    path_ = path;
    return checkpoint;
  }
  return std::nullopt;
}

bool Checkpointing::is_due(const TrainingProgress& progress) const {
  if (progress.solved != SolvedSide::items) return false;
  const auto epochs = static_cast<Index>(progress.history.size());
  if (options_.every_epochs && epochs % *options_.every_epochs == 0) return true;
  if (!options_.interval_seconds) return !options_.every_epochs;
  const std::chrono::duration<double> since = std::chrono::steady_clock::now() - last_write_;
  return context_.comm.max(Index{since.count() >= *options_.interval_seconds}) != 0;
}

StopRequest Checkpointing::asked(double next_seconds) {
  const StopRequest request = requests_->agreed(context_.comm, next_seconds);
  if (request == StopRequest::stop) stop_reason_ = requests_->reason();
  if (!directory_->take_stop_request()) return request;
  stop_reason_ = fmt::format("{}/stop", options_.directory);
  return StopRequest::stop;
}

/// What of it is solved next is copied where the run goes on meanwhile.
void Checkpointing::keep_state(const TrainingProgress& progress, const FactorMatrix& users, const FactorMatrix& items,
                               CheckpointWriting writing) {
  state_.emplace(State{progress, {users.partition, users.local.view()}, {items.partition, items.local.view()}});
  if (writing == CheckpointWriting::waiting) return;
  FactorRows& solved_next = progress.solved == SolvedSide::items ? state_->users : state_->items;
  const ConstMatrixView rows = solved_next.local;
  if (copy_.columns() == 0) copy_ = Matrix(std::max(users.local.rows(), items.local.rows()), rows.columns);
  std::copy_n(rows.data, rows.rows * rows.stride, copy_.view().data);
  solved_next.local = std::as_const(copy_).view().middle_rows(0, rows.rows);
}

void Checkpointing::start_writing() {
  path_ = directory_->path_of(state_->progress);
  const auto note_newest = [directory = directory_.get(), path = path_, keep = options_.keep.value_or(2)] {
    directory->note_newest(path, keep);
  };
  being_written_ = start_checkpoint(context_.comm, *background_, path_, state_->progress, state_->users, state_->items,
                                    provenance_, note_newest);
  state_->is_written = true;
  last_write_ = std::chrono::steady_clock::now();
}

void Checkpointing::finish() {
  if (!being_written_) return;
  const auto timer = context_.report.phase("checkpoints");
  const auto written = std::exchange(being_written_, nullptr);
  written->finish();
  longest_write_seconds_ = std::max(longest_write_seconds_, written->seconds());
  context_.report.event(
      "checkpoint",
      {{"file", path_}, {"half_sweeps", state_->progress.half_sweeps()}, {"write_seconds", written->seconds()}});
}

void Checkpointing::settle() {
  try {
    finish();
  } catch (const AgreedError& error) {
    context_.report.line(error.what());
  }
}

void Checkpointing::stop() {
  if (!state_->is_written) start_writing();
  finish();
  context_.report.finish();
  throw AgreedError(ExitCode::stopped_early,
                    fmt::format("stopped after {} ({}): wrote {}; the same command goes on from there",
                                progress_text(state_->progress), stop_reason_, path_));
}

void Checkpointing::begin(const TrainingProgress& progress, const FactorMatrix& users, const FactorMatrix& items,
                          const AlsSide& next) {
  if (!directory_ || writing_ == CheckpointWriting::waiting || next.is_whole()) return;
  keep_state(progress, users, items, writing_);
  state_->is_written = !path_.empty();
  last_batch_ = std::chrono::steady_clock::now();
}

void Checkpointing::pause(const TrainingProgress& progress, const FactorMatrix& users, const FactorMatrix& items,
                          double seconds, AlsSide& next) {
  if (!directory_) return;
  // What is on its way must not outlive the place that it goes to.
  const auto complete = [&next] {
    if (next.incoming) next.incoming->wait();
  };
  try {
    // 1. What was written during the half-sweep must be in its place before its rows change.
    finish();
    state_.reset();

    // 2. What is to be done: a checkpoint, or the last one.
    longest_half_sweep_seconds_ = std::max(longest_half_sweep_seconds_, seconds);
    const StopRequest request = asked(safety * (longest_half_sweep_seconds_ + longest_write_seconds_));
    const bool is_wanted = request != StopRequest::none || is_due(progress);

    // 3. Write it, behind the next half-sweep where there is one.
    const auto timer = context_.report.phase("checkpoints");
    const CheckpointWriting writing = request == StopRequest::stop ? CheckpointWriting::waiting : writing_;
    const bool may_go_back = writing == CheckpointWriting::behind && !next.is_whole();
    if (is_wanted || may_go_back) keep_state(progress, users, items, writing);
    if (is_wanted) start_writing();
    if (writing == CheckpointWriting::waiting) finish();
    last_batch_ = std::chrono::steady_clock::now();
    if (request != StopRequest::stop) return;
    complete();
  } catch (const AgreedError&) {
    complete();
    throw;
  }
  stop();
}

SweepHooks Checkpointing::hooks() {
  return {[this] {
            if (being_written_) being_written_->progress();
          },
          [this] { return goes_on(); }};
}

bool Checkpointing::goes_on() {
  // Without a copy there is nothing to go back to.
  if (!state_ || writing_ == CheckpointWriting::waiting) return true;
  const auto now = std::chrono::steady_clock::now();
  const std::chrono::duration<double> seconds = now - std::exchange(last_batch_, now);
  longest_batch_seconds_ = std::max(longest_batch_seconds_, seconds.count());
  const StopRequest request = asked(safety * (longest_batch_seconds_ + longest_write_seconds_));
  if (request == StopRequest::checkpoint && !state_->is_written) start_writing();
  return request != StopRequest::stop;
}

}  // namespace rankwise
