#include "jobs/sweep/task_run.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <fmt/format.h>
#include <optional>
#include <string_view>
#include <unistd.h>
#include <vector>

#include "io/config/recorded_value.hpp"
#include "jobs/evaluate/evaluate.hpp"
#include "jobs/evaluate/models/any_model.hpp"
#include "jobs/kmeans/kmeans.hpp"
#include "jobs/options/nested_job.hpp"
#include "jobs/run/stop_requests.hpp"
#include "jobs/sweep/plan/programs.hpp"
#include "jobs/sweep/plan/swept_options.hpp"
#include "jobs/sweep/plan/tasks.hpp"
#include "jobs/sweep/shared_plan.hpp"
#include "jobs/sweep/state/records.hpp"
#include "jobs/sweep/state/swept_data.hpp"
#include "jobs/sweep/state/user_values.hpp"
#include "kernels/process/process_clock.hpp"
#include "kernels/process/process_memory.hpp"
#include "kernels/process/small_file.hpp"

namespace rankwise {

namespace {

namespace fs = std::filesystem;

std::string host_name() {
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  return name.data();
}

/// Whole epochs of the newest checkpoint, by its name.
Index checkpointed_epochs(const std::string& checkpoints) {
  const std::string name = read_small_file((fs::path(checkpoints) / "newest").string());
  constexpr std::string_view prefix = "epoch-";
  Index epochs = 0;
  if (name.starts_with(prefix)) std::from_chars(name.data() + prefix.size(), name.data() + name.size(), epochs);
  return epochs;
}

/// The files of a training.
struct WorkFiles {
  std::string folder;
  std::string checkpoints;
  std::string result;
  std::string metrics;
};

WorkFiles work_files(const std::string& directory, const SweepTask& task) {
  const fs::path folder = work_folder(directory, task);
  return {folder.string(), (folder / "checkpoints").string(), (folder / "result.h5").string(),
          (folder / "metrics.json").string()};
}

/// `begin`: the model to begin with; empty: at random.
void train_and_evaluate(const SweepPlan& plan, const std::string& directory, const SweepTask& task,
                        const WorkFiles& files, const std::string& begin, JobContext& context) {
  std::vector<std::string> arguments = task_arguments(plan, task);
  const auto add = [&arguments](std::initializer_list<std::string> more) {
    arguments.insert(arguments.end(), more.begin(), more.end());
  };
  if (plan.job == SweptJob::kmeans) {
    add({"--input", plan.data, "--output", files.result, "--quality", files.metrics});
    return run_nested(kmeans_job(), arguments, context);
  }
  add({"--data", plan.data, "--model", files.result});
  if (has_epochs(plan.job)) {
    // Where a later rung begins; long trainings are safe in between.
    add({"--checkpoint", files.checkpoints, "--checkpoint-interval", "00:10:00", "--checkpoint-every",
         std::to_string(plan.rungs[task.rung].epochs)});
    if (!begin.empty()) add({"--warm-start", begin});
    const std::vector<std::string> locking = locking_arguments(context.comm, directory);
    arguments.insert(arguments.end(), locking.begin(), locking.end());
  } else {
    let_signals_act();  // which else ask for checkpoints
  }
  run_nested(job_of(plan.job), arguments, context);
  std::vector<std::string> evaluation{"--data",     plan.data,  "--model", files.result, "--metrics",
                                      plan.metrics, "--slices", "none",    "--output",   files.metrics};
  if (keeps_user_values(plan)) {
    evaluation.emplace_back("--per-user");
    evaluation.push_back(user_values_path(directory, task));
  }
  run_nested(evaluate_job(), evaluation, context);
}

/// What the jobs wrote. Root only.
TaskRecord record_of_files(const SweepPlan& plan, const WorkFiles& files) {
  const RecordedValue json = RecordedValue::parse(read_small_file(files.metrics), files.metrics);
  TaskRecord record;
  for (const auto& [name, value] : json.at("metrics").members()) {
    const bool is_evaluated = trains_on_folds(plan.job);
    record.metrics[name] = (is_evaluated ? value.at("model") : value).number_or_nan();
    if (!is_evaluated) continue;
    record.standard_errors[name] = value.at("standard_error").number_or_nan();
    record.baselines[name] = value.at("baseline").number_or_nan();
  }
  return record;
}

/// Removes the models of a path whose trainings are all recorded on the task's fold. Root only.
void remove_finished_path(const SweepPlan& plan, const std::string& directory, const SweepTask& task) {
  std::vector<const SweepTask*> path;
  const std::size_t first = path_to(plan, task.trial).front();
  for (std::size_t trial = 0; trial < plan.trials.size(); ++trial) {
    if (path_to(plan, trial).front() == first) path.push_back(&plan.task(trial, task.fold, task.rung));
  }
  const auto is_recorded = [&](const SweepTask* each) { return read_record(plan, directory, *each).has_value(); };
  if (!std::ranges::all_of(path, is_recorded)) return;
  std::error_code ignored;
  for (const SweepTask* each : path) fs::remove_all(work_folder(directory, *each), ignored);
}

/// Of a dataset the digest that the model has counts, whatever became of the file since; of kmeans the file must have
/// stayed. What was made of other data goes. Root only; throws Error(bad_data).
void require_read_as_planned(const SweepPlan& plan, const WorkFiles& files, std::uint64_t digest,
                             const FileStamp& stamp) {
  try {
    require_planned_digest(plan, digest);
    if (plan.job == SweptJob::kmeans) stamp.require_unchanged();
  } catch (const Error&) {
    std::error_code ignored;
    fs::remove_all(files.folder, ignored);
    throw;
  }
}

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw Error(ExitCode::cannot_create, fmt::format("{}: {}", folder.string(), error.message()));
}

/// Root only. Whole epochs that a training continues from; makes the folders that it writes to.
Index begin_task(const SweepPlan& plan, const std::string& directory, const SweepTask& task, const WorkFiles& files) {
  make_folder(files.folder);
  if (keeps_user_values(plan)) make_folder(fs::path(user_values_path(directory, task)).parent_path());
  return checkpointed_epochs(files.checkpoints);
}

/// What a training found, of its model.
struct Training {
  std::vector<double> losses;  ///< by epoch
  std::uint64_t digest = 0;    ///< of the data that it read
};

/// Collective.
Training training_of(const SweepPlan& plan, const WorkFiles& files, const JobContext& context) {
  if (plan.job == SweptJob::kmeans) return {{}, plan.dataset_digest};
  const AnyModel model(context.comm, files.result, context.common.input_check);
  Training training{{}, model.record().provenance.dataset_digest};
  if (model.factors() == nullptr) return training;
  for (const EpochLoss& loss : model.factors()->history()) training.losses.push_back(loss.total());
  return training;
}

/// The record of a training that is over, the root's alone; `resumed_epochs`: that it continued from. Collective.
TaskRecord measured_record(const SweepPlan& plan, const WorkFiles& files, const Training& training,
                           Index resumed_epochs, double begin_seconds, const JobContext& context) {
  const Communicator& comm = context.comm;
  const Index memory_bytes = comm.max(peak_memory_bytes());
  return agree_on(comm, [&] {
    if (!comm.is_root()) return TaskRecord();
    TaskRecord record = record_of_files(plan, files);
    record.dataset_digest = training.digest;
    record.epochs = std::ssize(training.losses);
    record.resumed_epochs = std::clamp(resumed_epochs, Index{0}, record.epochs);
    record.losses = training.losses;
    record.begin_seconds = begin_seconds;
    record.seconds = std::max(0.0, seconds_since_1970() - begin_seconds);  // clocks are set
    record.memory_bytes = static_cast<double>(memory_bytes);
    record.ranks = comm.size();
    record.threads_per_rank = context.common.threads;
    record.host = host_name();
    return record;
  });
}

/// Leaves only what a later rung continues from, or the next training of the path begins with. Root only.
void remove_spent_files(const SweepPlan& plan, const std::string& directory, const SweepTask& task,
                        const WorkFiles& files) {
  std::error_code ignored;
  const bool is_last = task.rung + 1 == plan.rungs.size();
  if (plan.has_paths) {
    fs::remove_all(files.checkpoints, ignored);
    fs::remove(files.metrics, ignored);
    remove_finished_path(plan, directory, task);
  } else if (is_last) {
    fs::remove_all(files.folder, ignored);
  } else {
    fs::remove(files.result, ignored);
    fs::remove(files.metrics, ignored);
  }
}

/// Trains, or goes on, measures and writes the record; `begin_seconds`: since 1970, of the run.
void do_task(const SweepPlan& plan, const std::string& directory, const SweepTask& task, double begin_seconds,
             JobContext& context) {
  const Communicator& comm = context.comm;
  const WorkFiles files = work_files(directory, task);

  // 1. The data that was planned on.
  std::optional<FileStamp> stamp;
  agree_on(comm, [&] {
    if (!comm.is_root()) return;
    stamp = require_planned_data(plan);
  });

  // 2. The model that it begins with, if any. A record that was taken over has none, nor has one whose path was done.
  std::string begin;
  if (const auto after = plan.trials[task.trial].after) {
    const SweepTask& before = plan.task(*after, task.fold, task.rung);
    begin = work_files(directory, before).result;
    if (!root_finds(comm, [&] { return fs::exists(begin); })) {
      context.report.line(fmt::format("{} first, whose model {} begins with", before.name, task.name));
      do_task(plan, directory, before, seconds_since_1970(), context);
    }
  }

  // 3. Train, or go on, and measure.
  const Index resumed_epochs =
      agree_on(comm, [&] { return comm.is_root() ? begin_task(plan, directory, task, files) : Index{0}; });
  train_and_evaluate(plan, directory, task, files, begin, context);

  // 4. Tell.
  const Training training = training_of(plan, files, context);
  agree_on(comm, [&] {
    if (comm.is_root()) require_read_as_planned(plan, files, training.digest, *stamp);
  });
  const TaskRecord record = measured_record(plan, files, training, resumed_epochs, begin_seconds, context);
  write_record(comm, plan, directory, task, record);
  if (comm.is_root()) remove_spent_files(plan, directory, task, files);
}

}  // namespace

void run_task(const SweepPlan& plan, const std::string& directory, const SweepTask& task, double begin_seconds,
              JobContext& context) {
  if (root_finds(context.comm, [&] { return read_record(plan, directory, task).has_value(); })) {
    return context.report.line(fmt::format("{} is done already", task.name));
  }
  do_task(plan, directory, task, begin_seconds, context);
}

}  // namespace rankwise
