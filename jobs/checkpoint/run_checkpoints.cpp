#include "jobs/checkpoint/run_checkpoints.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <sstream>

#include "io/model/verified_checkpoint.hpp"
#include "jobs/options/folder_locking.hpp"

namespace rankwise {

namespace {

using Settings = std::map<std::string, std::string>;

/// `name = value` lines.
Settings settings_of(const std::string& configuration, const std::string& left_out) {
  Settings settings;
  std::istringstream lines(configuration);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t middle = line.find(" = ");
    if (middle != std::string::npos) settings[line.substr(0, middle)] = line.substr(middle + 3);
  }
  settings.erase(left_out);
  return settings;
}

/// What differs first, as a clause; empty if nothing does.
std::string first_difference(const Settings& theirs, const Settings& ours) {
  for (const auto& [name, value] : ours) {
    const auto other = theirs.find(name);
    if (other == theirs.end()) return fmt::format("it has no {}, expected {}", name, value);
    if (other->second != value) return fmt::format("its {} is {}, expected {}", name, other->second, value);
  }
  for (const auto& [name, value] : theirs) {
    if (!ours.contains(name)) return fmt::format("its {} is {}, expected none", name, value);
  }
  return "";
}

}  // namespace

CheckpointClaim::CheckpointClaim(const CheckpointOptions& options, JobContext& context, CheckpointKind kind,
                                 std::chrono::steady_clock::time_point begin)
    : kind_(std::move(kind)) {
  if (options.directory.empty()) {
    let_signals_act();
    return;
  }
  requests_ = std::make_unique<StopRequests>(options.most_seconds, begin);
  directory_ =
      std::make_unique<CheckpointDirectory>(context.comm, options.directory, kind_.prefix, options.locking, kind_.more);
  warn_if_unlocked(context.report, options.directory, directory_->lock_fault());
}

RunCheckpoints::RunCheckpoints(const CheckpointOptions& options, JobContext& context, CheckpointClaim claim,
                               Provenance provenance)
    : options_(options),
      context_(context),
      kind_(std::move(claim.kind_)),
      provenance_(std::move(provenance)),
      directory_(std::move(claim.directory_)),
      requests_(std::move(claim.requests_)),
      last_write_(std::chrono::steady_clock::now()) {
  if (are_wanted()) background_ = context.comm.split(0);
}

void RunCheckpoints::require_same_run(const std::string& path, const Provenance& found) const {
  const auto refuse = [&path](const std::string& what) {
    throw AgreedError(
        ExitCode::bad_data,
        fmt::format("{}: is a checkpoint of another training: {} (--resume never begins anew)", path, what));
  };
  std::string difference = first_difference(settings_of(found.configuration, kind_.growing_option),
                                            settings_of(provenance_.configuration, kind_.growing_option));
  // Both: a setting may follow from the data (als --unobserved-weight auto), and data from a setting (kmeans --metric).
  if (found.dataset_digest != provenance_.dataset_digest) {
    difference += fmt::format("{}its data have the digest {:016x}, expected {:016x}",
                              difference.empty() ? "" : ", and ", found.dataset_digest, provenance_.dataset_digest);
  }
  if (!difference.empty()) refuse(difference);
  if (found.tables_digest != provenance_.tables_digest) {
    refuse(fmt::format("its features are from tables of the digest {:016x}, expected {:016x}", found.tables_digest,
                       provenance_.tables_digest));
  }
  if (found.warm_start_digest != provenance_.warm_start_digest) {
    const auto begin_text = [](std::uint64_t digest) {
      return digest == 0 ? std::string("at random") : fmt::format("with the model of digest {:016x}", digest);
    };
    refuse(fmt::format("it began {}, expected {} (--warm-start)", begin_text(found.warm_start_digest),
                       begin_text(provenance_.warm_start_digest)));
  }
  if (found.version != provenance_.version) {
    context_.report.line(
        fmt::format("{}: was written by {}; identical bits are promised for one build", path, found.version));
  }
}

void RunCheckpoints::require_intact(const std::string& path) const {
  require_same_run(path, verified_provenance(context_.comm, path, kind_.kind));
}

std::optional<std::string> RunCheckpoints::resume(const std::function<void(const std::string& path)>& read) const {
  if (!are_wanted() || options_.resume == "never") return std::nullopt;
  const bool is_named = options_.resume != "auto";
  const std::vector<std::string> candidates =
      is_named ? std::vector<std::string>{options_.resume} : directory_->newest_first();
  for (const std::string& path : candidates) {
    try {
      require_intact(path);
      read(path);
      return path;
    } catch (const DamagedCheckpoint& damage) {
      if (is_named) throw;
      context_.report.line(fmt::format("{}; the one before it is tried", damage.what()));
      context_.report.event("damaged_checkpoint", {{"file", path}, {"reason", std::string(damage.what())}});
    }
  }
  return std::nullopt;
}

StopRequest RunCheckpoints::requested(double next_seconds) {
  constexpr double safety = 1.5;
  const StopRequest request = requests_->agreed(context_.comm, safety * (next_seconds + longest_write_seconds_));
  if (request == StopRequest::stop) stop_reason_ = requests_->reason();
  if (!directory_->take_stop_request()) return request;
  stop_reason_ = fmt::format("{}/stop", options_.directory);
  return StopRequest::stop;
}

bool RunCheckpoints::is_due(Index steps) const {
  if (options_.every_steps && steps % *options_.every_steps == 0) return true;
  if (!options_.interval_seconds) return !options_.every_steps;
  const std::chrono::duration<double> since = std::chrono::steady_clock::now() - last_write_;
  return context_.comm.max(Index{since.count() >= *options_.interval_seconds}) != 0;
}

void RunCheckpoints::note_written(const std::string& path, const Field& progress, double seconds) {
  longest_write_seconds_ = std::max(longest_write_seconds_, seconds);
  context_.report.event("checkpoint", {{"file", path}, progress, {"write_seconds", seconds}});
}

void RunCheckpoints::write(const std::string& path, const Field& progress,
                           const std::function<void(const std::string& path, const Provenance& provenance)>& write) {
  const auto timer = context_.report.phase("checkpoints");
  const auto begin = std::chrono::steady_clock::now();
  write(path, provenance_);
  agree_on(context_.comm, [&] {
    if (context_.comm.is_root()) directory_->note_newest(path, options_.keep.value_or(2));
  });
  last_write_ = std::chrono::steady_clock::now();
  note_written(path, progress, std::chrono::duration<double>(last_write_ - begin).count());
}

void RunCheckpoints::start_writing(const std::string& path, const Field& progress, const StartWriting& start,
                                   std::vector<Index> needed) {
  finish();
  const auto timer = context_.report.phase("checkpoints");
  const auto note_newest = [directory = directory_.get(), path, keep = options_.keep.value_or(2),
                            needed = std::move(needed)] { directory->note_newest(path, keep, needed); };
  writing_.emplace(Writing{path, progress, start(*background_, path, provenance_, note_newest)});
  last_write_ = std::chrono::steady_clock::now();
}

void RunCheckpoints::progress() {
  if (writing_) writing_->file->progress();
}

void RunCheckpoints::finish() {
  if (!writing_) return;
  const auto timer = context_.report.phase("checkpoints");
  const Writing written = std::move(*writing_);
  writing_.reset();
  written.file->finish();
  note_written(written.path, written.progress, written.file->seconds());
}

void RunCheckpoints::stop(const std::string& path, const std::string& reached) {
  context_.report.finish();
  throw AgreedError(ExitCode::stopped_early,
                    fmt::format("stopped after {} ({}): wrote {}; the same command continues from there", reached,
                                stop_reason_, path));
}

}  // namespace rankwise
