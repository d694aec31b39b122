// Sample runs:
//   rankwise sweep trial search --task t3.f1.r0
//   rankwise sweep trial search --task t3.f1.r0 --task t2.f1.r0
//   mpirun -n 4 rankwise sweep trial search --task t3.f1.r0 --threads 2

#include "jobs/sweep/trial.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <fmt/format.h>
#include <memory>
#include <sstream>
#include <unistd.h>

#include "io/config/recorded_value.hpp"
#include "io/model/model.hpp"
#include "jobs/als/als.hpp"
#include "jobs/evaluate/evaluate.hpp"
#include "jobs/kmeans/kmeans.hpp"
#include "jobs/options/file_option.hpp"
#include "jobs/options/folder_files.hpp"
#include "jobs/options/options.hpp"
#include "jobs/run/dataset_shelf.hpp"
#include "jobs/run/version.hpp"
#include "jobs/sweep/plan/plan_file.hpp"
#include "jobs/sweep/plan/programs.hpp"
#include "jobs/sweep/state/records.hpp"
#include "jobs/sweep/state/settings.hpp"
#include "jobs/sweep/state/swept_data.hpp"
#include "jobs/sweep/tasks_in_turn.hpp"
#include "kernels/process/host_name.hpp"
#include "kernels/process/process_memory.hpp"
#include "kernels/process/small_file.hpp"
#include "kernels/text/number_text.hpp"

namespace rankwise {

namespace {

namespace fs = std::filesystem;

double seconds_since_1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// How long this process has lived, from its start by the launcher; 0 where the system does not tell.
double process_age_seconds() {
  const std::string text = read_small_file("/proc/self/stat");
  std::istringstream fields(text.substr(std::min(text.rfind(')') + 1, text.size())));
  constexpr int fields_before_start = 19;
  std::string skipped;
  for (int f = 0; f < fields_before_start; ++f) fields >> skipped;
  double start_ticks = 0;
  timespec now{};
  if (!(fields >> start_ticks) || clock_gettime(CLOCK_BOOTTIME, &now) != 0) return 0;
  const double seconds = static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
  return std::max(0.0, seconds - start_ticks / static_cast<double>(sysconf(_SC_CLK_TCK)));
}

/// Whole epochs of the newest checkpoint, by its name.
Index checkpointed_epochs(const std::string& checkpoints) {
  const std::string text = read_small_file((fs::path(checkpoints) / "newest").string());
  std::string_view name = text;
  constexpr std::string_view prefix = "epoch-";
  if (!name.starts_with(prefix)) return 0;
  name.remove_prefix(prefix.size());
  return take_whole_number<Index>(name).value_or(0);
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
  // Where a later rung goes on; long trainings are safe in between.
  add({"--data", plan.data, "--model", files.result, "--checkpoint", files.checkpoints, "--checkpoint-interval",
       "00:10:00", "--checkpoint-every", std::to_string(plan.rungs[task.rung].epochs)});
  if (!begin.empty()) add({"--warm-start", begin});
  const std::vector<std::string> locking = locking_arguments(context.comm, directory);
  arguments.insert(arguments.end(), locking.begin(), locking.end());
  run_nested(als_job(), arguments, context);
  run_nested(evaluate_job(),
             {"--data", plan.data, "--model", files.result, "--metrics", plan.metrics, "--output", files.metrics},
             context);
}

/// What the jobs wrote. Root only.
TaskRecord record_of_files(const SweepPlan& plan, const WorkFiles& files) {
  const RecordedValue json = RecordedValue::parse(read_small_file(files.metrics), files.metrics);
  TaskRecord record;
  for (const auto& [name, value] : json.at("metrics").members()) {
    const bool is_als = plan.job == SweptJob::als;
    record.metrics[name] = (is_als ? value.at("model") : value).number_or_nan();
    if (is_als) record.standard_errors[name] = value.at("standard_error").number_or_nan();
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

}  // namespace

SweepPlan shared_plan(const Communicator& comm, const std::string& directory, const std::vector<std::string>& tasks) {
  std::string text = agree_on(comm, [&] {
    if (!comm.is_root()) return std::string();
    SweepPlan plan = tasks.empty() ? read_plan(directory) : read_plan_of_tasks(directory, tasks);
    place_data(plan, directory);
    return plan_json(plan);
  });
  comm.broadcast(text);
  return parse_plan(text, directory);
}

void run_nested(const Job& job, std::vector<std::string> arguments, JobContext& context) {
  if (context.common.input_check == InputCheck::none) arguments.emplace_back("--verify-inputs=no");
  const auto options = agree_on(context.comm, [&] {
    auto parsed = std::make_unique<JobOptions>(job);
    parsed->parse_command_line(arguments);
    parsed->resolve(context.common.threads);
    if (context.comm.is_root()) require_sound_files(parsed->files());
    return parsed;
  });
  JobContext inner{context.comm, options->common(), context.report, options->configuration(), context.shelf};
  options->run()(inner);
}

namespace {

/// What the root finds, for all. Collective.
template <class Question>
bool root_finds(const Communicator& comm, const Question& question) {
  return comm.max(Index{agree_on(comm, [&] { return comm.is_root() && question(); })}) != 0;
}

}  // namespace

std::vector<std::string> locking_arguments(const Communicator& comm, const std::string& directory) {
  const bool is_off = root_finds(comm, [&] {
    const std::optional<RunSettings> settings = read_settings(directory);
    return settings && settings->locking == Locking::off;
  });
  return is_off ? std::vector<std::string>{"--lock", "off"} : std::vector<std::string>();
}

namespace {

/// Of als the digest that the model has counts, whatever became of the file since; of kmeans the file must have stayed.
/// What was made of other data goes. Root only; throws Error(bad_data).
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
  TaskRecord record;
  record.resumed_epochs = agree_on(comm, [&] {
    if (!comm.is_root()) return Index{0};
    std::error_code error;
    fs::create_directories(files.folder, error);
    if (error) throw Error(ExitCode::cannot_create, fmt::format("{}: {}", files.folder, error.message()));
    return checkpointed_epochs(files.checkpoints);
  });
  train_and_evaluate(plan, directory, task, files, begin, context);

  // 4. Tell.
  std::vector<double> losses;
  std::uint64_t digest = plan.dataset_digest;
  if (plan.job == SweptJob::als) {
    const ModelReader model(comm, files.result, context.common.input_check);
    for (const EpochLoss& loss : model.history()) losses.push_back(loss.total());
    digest = model.provenance().dataset_digest;
  }
  agree_on(comm, [&] {
    if (comm.is_root()) require_read_as_planned(plan, files, digest, *stamp);
  });
  const Index memory = comm.max(peak_memory_bytes());
  record = agree_on(comm, [&] {
    if (!comm.is_root()) return record;
    TaskRecord measured = record_of_files(plan, files);
    measured.dataset_digest = digest;
    measured.epochs = static_cast<Index>(losses.size());
    measured.resumed_epochs = std::clamp(record.resumed_epochs, Index{0}, measured.epochs);
    measured.losses = losses;
    measured.begin_seconds = begin_seconds;
    measured.seconds = std::max(0.0, seconds_since_1970() - begin_seconds);  // clocks are set
    measured.memory_bytes = static_cast<double>(memory);
    measured.ranks = comm.size();
    measured.threads_per_rank = context.common.threads;
    measured.host = host_name();
    return measured;
  });
  write_record(comm, plan, directory, task, record);

  // 5. Leave only what a later rung continues from, or the next training of the path begins with.
  if (!comm.is_root()) return;
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

void run_task(const SweepPlan& plan, const std::string& directory, const SweepTask& task, double begin_seconds,
              JobContext& context) {
  if (root_finds(context.comm, [&] { return read_record(plan, directory, task).has_value(); })) {
    return context.report.line(fmt::format("{} is done already", task.name));
  }
  do_task(plan, directory, task, begin_seconds, context);
}

}  // namespace

void run_trials(const std::string& directory, const std::vector<std::string>& task_names, JobContext& context) {
  const double begin_seconds = seconds_since_1970() - process_age_seconds();
  const SweepPlan plan = shared_plan(context.comm, directory, task_names);
  if (plan.version != program_version()) {
    throw AgreedError(ExitCode::usage, fmt::format("{}: was planned by {}, and this is {}; plan anew, since results of "
                                                   "two programs are not comparable",
                                                   directory, plan.version, program_version()));
  }
  std::vector<const SweepTask*> tasks;
  for (const std::string& name : task_names) {
    const auto found = std::ranges::find(plan.tasks, name, &SweepTask::name);
    if (found == plan.tasks.end()) {
      throw AgreedError(ExitCode::usage,
                        fmt::format("--task {}: the plan of {} has none of this name; expected one such "
                                    "as {}",
                                    name, directory, plan.tasks.front().name));
    }
    tasks.push_back(&*found);
  }
  if (tasks.size() == 1 && !tasks.front()->shares_program()) {
    return run_task(plan, directory, *tasks.front(), begin_seconds, context);
  }
  DatasetShelf shelf;
  if (plan.trials_per_program > 1) context.shelf = &shelf;
  run_in_turn(directory, tasks, context, [&](const SweepTask& task, JobContext& own) {
    run_task(plan, directory, task, seconds_since_1970(), own);
  });
}

namespace {

struct TrialOptions {
  std::string directory;
  std::vector<std::string> tasks;
};

RunJob describe_sweep_trial(boost::program_options::options_description& description) {
  namespace po = boost::program_options;
  const auto options = std::make_shared<TrialOptions>();
  // clang-format off
  description.add_options()
    ("directory", written_folder(&options->directory, sweep_folder_files)->required(), "folder of the sweep")
    ("task", po::value(&options->tasks)->value_name("NAME")->required(), "trial, fold and rung, as in t3.f1.r0; several follow each other");
  // clang-format on
  return [options](JobContext& context) { run_trials(options->directory, options->tasks, context); };
}

}  // namespace

Job sweep_trial_job() {
  return {"sweep trial", "trials on a fold, as sweep run starts them", {}, describe_sweep_trial, "directory"};
}

}  // namespace rankwise
