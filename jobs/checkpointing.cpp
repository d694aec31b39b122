#include "jobs/checkpointing.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <filesystem>
#include <fmt/format.h>
#include <map>
#include <sstream>

#include "jobs/choices.hpp"
#include "slurm/sbatch_file.hpp"

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

std::function<void(const std::string&)> time_of(const char* option, std::optional<double>& target) {
  return [option, &target](const std::string& text) {
    const auto seconds = slurm::parse_time_limit(text);
    if (!seconds) {
      throw Error(ExitCode::usage, fmt::format("--{} {}: expected a time as in 03:55:00 or 1-12:00:00", option, text));
    }
    target = static_cast<double>(*seconds);
  };
}

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
    ("checkpoint-interval", po::value<std::string>()->value_name("[D-]HH:MM:SS")->notifier(time_of("checkpoint-interval", options->interval_seconds)),
     "time between checkpoints, which are written at the end of an epoch")
    ("resume", po::value(&options->resume)->value_name("auto|never|FILE")->default_value("auto"),
     "auto: go on from the newest intact checkpoint, if there is one; never: begin anew; or from this checkpoint")
    ("max-time", po::value<std::string>()->value_name("[D-]HH:MM:SS")->notifier(time_of("max-time", options->most_seconds)),
     "stop with a checkpoint before this time is over")
    ("keep", po::value<Index>()->value_name("N")->notifier([options](Index count) {
       within<Index>("keep", 1, 1'000'000)(count);
       options->keep = count; }), "checkpoints to keep, beside that of the best epoch by --validation-metric; 2 where not given");
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
}

Checkpointing::Checkpointing(const CheckpointOptions& options, JobContext& context, const Provenance& provenance,
                             std::chrono::steady_clock::time_point begin, std::optional<EvaluationMetric> validation)
    : options_(options),
      context_(context),
      provenance_(provenance),
      validation_(std::move(validation)),
      last_write_(std::chrono::steady_clock::now()) {
  if (options.directory.empty()) return;
  directory_ = std::make_unique<CheckpointDirectory>(context.comm, options.directory);
  requests_ = std::make_unique<StopRequests>(options.most_seconds, begin);
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
  if (found.warm_start_digest != provenance_.warm_start_digest) {
    const auto begin_text = [](std::uint64_t digest) {
      return digest == 0 ? std::string("at random") : fmt::format("with the model of digest {:016x}", digest);
    };
    refuse(fmt::format("it began {}, expected {} (--warm-start)", begin_text(found.warm_start_digest),
                       begin_text(provenance_.warm_start_digest)));
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
      secure_best(path, *checkpoint, users, items, width);
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
    return checkpoint;
  }
  return std::nullopt;
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
  const std::string here = normal(directory_->path_of_epoch(bests.back()));
  const std::string best = normal(fs::path(path).replace_filename(fs::path(here).filename()));
  const bool is_elsewhere = best != here;
  if (best == normal(path) && !is_elsewhere) return;
  try {
    require_same_training(best, verified_provenance(context_.comm, best));
    if (!is_elsewhere) return;
    Checkpoint found = read_checkpoint(context_.comm, best, users, items, width);
    write_checkpoint(context_.comm, here, found.progress, {users, std::move(found.users)},
                     {items, std::move(found.items)}, provenance_);
  } catch (const AgreedError& error) {
    if (error.code() != ExitCode::no_input && error.code() != ExitCode::bad_data) throw;
    throw DamagedCheckpoint(ExitCode::bad_data,
                            fmt::format("{}: its best epoch cannot be had: {}", path, error.what()));
  }
}

FactorPair Checkpointing::read_best(Index epoch, const Partition& users, const Partition& items, Index width) const {
  const std::string path = directory_->path_of_epoch(epoch);
  require_same_training(path, verified_provenance(context_.comm, path));
  Checkpoint best = read_checkpoint(context_.comm, path, users, items, width);
  return {std::move(best.users), std::move(best.items)};
}

bool Checkpointing::is_due(const TrainingProgress& progress) const {
  if (progress.solved != SolvedSide::items) return false;
  const auto epochs = static_cast<Index>(progress.history.size());
  if (validation_ && best_epochs_of(progress).back() == epochs) return true;
  if (options_.every_epochs && epochs % *options_.every_epochs == 0) return true;
  if (!options_.interval_seconds) return !options_.every_epochs;
  const std::chrono::duration<double> since = std::chrono::steady_clock::now() - last_write_;
  return context_.comm.max(Index{since.count() >= *options_.interval_seconds}) != 0;
}

bool Checkpointing::stops_after(const TrainingProgress& progress, const FactorMatrix& users, const FactorMatrix& items,
                                double seconds) {
  if (!directory_) return false;
  longest_half_sweep_seconds_ = std::max(longest_half_sweep_seconds_, seconds);
  constexpr double safety = 1.5;
  const double next_seconds = safety * (longest_half_sweep_seconds_ + longest_write_seconds_);
  const StopRequest request = requests_->agreed(context_.comm, next_seconds);
  bool stops = request == StopRequest::stop;
  if (stops) stop_reason_ = requests_->reason();
  if (directory_->take_stop_request()) {
    stops = true;
    stop_reason_ = fmt::format("{}/stop", options_.directory);
  }
  if (stops || request == StopRequest::checkpoint || is_due(progress)) write(progress, users, items);
  return stops;
}

void Checkpointing::write(const TrainingProgress& progress, const FactorMatrix& users, const FactorMatrix& items) {
  const auto timer = context_.report.phase("checkpoints");
  const auto begin = std::chrono::steady_clock::now();
  const std::string path = directory_->path_of(progress);
  write_checkpoint(context_.comm, path, progress, users, items, provenance_);
  directory_->note_newest(path, options_.keep.value_or(2), best_epochs_of(progress));
  last_write_ = std::chrono::steady_clock::now();
  const std::chrono::duration<double> seconds = last_write_ - begin;
  longest_write_seconds_ = std::max(longest_write_seconds_, seconds.count());
  context_.report.event("checkpoint",
                        {{"file", path}, {"half_sweeps", progress.half_sweeps()}, {"write_seconds", seconds.count()}});
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
  context_.report.finish();
  throw AgreedError(ExitCode::stopped_early,
                    fmt::format("stopped after {} ({}): wrote {}; the same command goes on from there",
                                progress_text(progress), stop_reason_, directory_->path_of(progress)));
}

}  // namespace rankwise
