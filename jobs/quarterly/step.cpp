// Sample runs:
//   rankwise quarterly step q3 --step evaluate
//   mpirun -n 4 rankwise quarterly step q3 --step als --threads 2

#include "jobs/quarterly/step.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <chrono>
#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <memory>
#include <sstream>

#include "io/config/recorded_value.hpp"
#include "jobs/options/file_option.hpp"
#include "jobs/options/folder_files.hpp"
#include "jobs/options/nested_job.hpp"
#include "jobs/quarterly/chain/reader.hpp"
#include "jobs/quarterly/pending_campaign.hpp"
#include "jobs/quarterly/quarter_page.hpp"
#include "jobs/quarterly/records.hpp"
#include "jobs/quarterly/serving.hpp"
#include "jobs/run/stop_requests.hpp"
#include "jobs/sweep/status.hpp"
#include "kernels/process/process_memory.hpp"
#include "kernels/process/small_file.hpp"

namespace rankwise {

namespace {

namespace fs = std::filesystem;

/// What a folder's unfinished work is of, so that nothing continues from what other options or inputs began.
class WorkMark {
 public:
  WorkMark(const std::string& folder, const StepRecord& record)
      : path_((fs::path(folder) / "made-of").string()), text_(identity(record) + "\n") {}

  [[nodiscard]] bool is_set() const { return read_small_file(path_) == text_; }
  void set() const { replace_file(path_, text_); }

 private:
  std::string path_;
  std::string text_;
};

void make_folder(const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw Error(ExitCode::cannot_create, fmt::format("{}: {}", folder, error.message()));
}

/// Removes checkpoints of other options or inputs.
void clear_checkpoints(const std::string& folder, const StepRecord& record) {
  const WorkMark mark(folder, record);
  if (mark.is_set()) return;
  std::error_code error;
  fs::remove_all(folder, error);
  if (error) throw Error(ExitCode::io_error, fmt::format("{}: cannot be removed: {}", folder, error.message()));
  make_folder(folder);
  mark.set();
}

/// Puts a sweep of other options or another dataset aside, since a plan never changes. Returns the folder in which it
/// is then; empty where there is none. Throws Error(usage) where its trials are still in the queue.
std::string put_sweep_aside(const std::string& folder, const StepRecord& record) {
  const WorkMark mark(folder, record);
  if (mark.is_set()) return {};
  std::string aside;
  if (fs::exists(fs::path(folder) / "plan.json")) {
    if (const auto item = queued_item(folder)) {
      throw Error(ExitCode::usage,
                  fmt::format("{}: is of other options or inputs, and its {} is still in the queue (job {}); wait for "
                              "it, or rankwise sweep cancel {}",
                              folder, item->name, item->job_id, folder));
    }
    for (int number = 1; aside.empty() || fs::exists(aside); ++number) aside = fmt::format("{}.{}", folder, number);
    std::error_code error;
    fs::rename(folder, aside, error);
    if (error) throw Error(ExitCode::io_error, fmt::format("{}: cannot be renamed: {}", folder, error.message()));
  }
  make_folder(folder);
  mark.set();
  return aside;
}

/// What the root has to say before a step begins, and all ranks then know.
struct Beginning {
  bool is_done = false;
  std::string older_sweep;  ///< whose records may still be valid
  StepRecord record;        ///< root only
};

Beginning begin_step(const Chain& chain, std::size_t place) {
  const ChainStep& step = chain.steps[place];
  Beginning beginning;
  const std::vector<std::optional<StepRecord>> records = valid_records(chain);
  beginning.is_done = records[place].has_value();
  if (beginning.is_done) return beginning;
  std::optional<StepRecord> record = present_inputs(chain, place, records);
  if (!record) {
    std::vector<std::string> open;
    for (const std::size_t before : step.after) {
      if (!records[before]) open.push_back(chain.steps[before].name);
    }
    throw Error(ExitCode::no_input, open.empty()
                                        ? fmt::format("{}: {} reads {}, and not all of them are there",
                                                      chain.settings.directory, step.name, fmt::join(step.inputs, ", "))
                                        : fmt::format("{}: {} follows {}, which is not done", chain.settings.directory,
                                                      step.name, fmt::join(open, " and ")));
  }
  beginning.record = std::move(*record);
  if (!step.sweep.empty()) beginning.older_sweep = put_sweep_aside(step.sweep, beginning.record);
  for (const std::string& output : step.outputs) make_folder(fs::path(output).parent_path().string());
  if (!step.checkpoints.empty()) clear_checkpoints(step.checkpoints, beginning.record);
  return beginning;
}

/// Warnings of this run, as its event log has them; none without one.
std::vector<std::string> told_warnings(const std::string& log) {
  std::vector<std::string> warnings;
  std::error_code ignored;
  if (log.empty() || !fs::is_regular_file(log, ignored)) return warnings;
  std::istringstream lines(read_small_file(log));
  for (std::string line; std::getline(lines, line);) {
    const RecordedValue event = RecordedValue::parse(line, log);
    if (event.at("event").text() == "warning") warnings.push_back(event.at("text").text());
  }
  return warnings;
}

/// Collective. Throws what the jobs throw, but for the verdict of a gate.
void run_commands(const ChainStep& step, const std::string& older_sweep, JobContext& context) {
  for (const ChainCommand& command : step.commands) {
    std::vector<std::string> arguments = command.arguments;
    const bool plans_sweep = !step.sweep.empty() && &command == &step.commands.front();
    if (plans_sweep && !older_sweep.empty()) arguments.insert(arguments.end(), {"--reuse", older_sweep});
    context.report.line(command_text(step, {command.job, arguments}));
    if (step.sweep.empty() && !may_stop_on_request(command.job.name)) let_signals_act();
    try {
      run_nested(command.job, arguments, context);
    } catch (const AgreedError& error) {
      if (step.verdict.empty() || error.code() != ExitCode::not_good_enough) throw;
      context.report.warning(fmt::format("the new model is held back, and last quarter's serves: {}", error.what()));
    }
  }
}

/// Bad data of one campaign are no reason to end the chain. Collective; throws what else the job throws.
void measure_campaign_or_say_why(const ChainStep& step, JobContext& context) {
  const Communicator& comm = context.comm;
  try {
    if (write_pending_campaign(comm, step, context.common.input_check)) {
      context.report.warning(fmt::format("{}: is not measured: the campaign's time is not over", step.assignment));
    } else {
      run_commands(step, {}, context);
    }
  } catch (const AgreedError& error) {
    if (error.code() != ExitCode::bad_data) throw;
    context.report.warning(fmt::format("{}: cannot be measured: {}", step.assignment, error.what()));
    write_unmeasured_campaign(comm, step, error.what());
  }
}

}  // namespace

void run_chain_step(const std::string& directory, const std::string& name, JobContext& context) {
  const Communicator& comm = context.comm;
  const Chain chain = submitted_chain(comm, directory);
  const auto found = std::ranges::find(chain.steps, name, &ChainStep::name);
  if (found == chain.steps.end()) {
    throw AgreedError(ExitCode::usage,
                      fmt::format("--step {}: the chain of {} has none of this name; expected one such "
                                  "as {}",
                                  name, directory, chain.steps.front().name));
  }
  const auto place = static_cast<std::size_t>(found - chain.steps.begin());
  const ChainStep& step = *found;

  // 1. What is to be done, and whether it is.
  Beginning beginning = agree_on(comm, [&] { return comm.is_root() ? begin_step(chain, place) : Beginning(); });
  if (comm.max(Index{beginning.is_done}) != 0) return context.report.line(fmt::format("{} is done already", name));
  comm.broadcast(beginning.older_sweep);

  // 2. The jobs themselves, unless a gate has decided that last quarter's model serves.
  const auto begin = std::chrono::steady_clock::now();
  if (step.makes_page) {
    write_quarter_page(comm, chain, step);
  } else if (!step.assignment.empty()) {
    measure_campaign_or_say_why(step, context);
  } else if (serve_chosen_model(comm, step)) {
    context.report.line(fmt::format("{} is a copy of the model that serves", step.outputs.front()));
  } else {
    run_commands(step, beginning.older_sweep, context);
  }

  // 3. What it took.
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
  beginning.record.cost = StepCost{taken.count(), comm.size(), context.common.threads, comm.sum(peak_memory_bytes())};

  // 4. Tell, and leave only what was asked for.
  agree_on(comm, [&] {
    if (!comm.is_root()) return;
    beginning.record.warnings = told_warnings(context.common.log_json);
    write_step_record(chain, step, beginning.record);
    std::error_code ignored;
    if (!step.checkpoints.empty()) fs::remove_all(step.checkpoints, ignored);
  });
}

namespace {

struct StepOptions {
  std::string directory;
  std::string step;
};

RunJob describe_quarterly_step(boost::program_options::options_description& description) {
  namespace po = boost::program_options;
  const auto options = std::make_shared<StepOptions>();
  // clang-format off
  description.add_options()
    ("directory", written_folder(&options->directory, chain_folder_files)->required(), "folder of the chain")
    ("step", po::value(&options->step)->value_name("NAME")->required(), "as in als");
  // clang-format on
  return [options](JobContext& context) { run_chain_step(options->directory, options->step, context); };
}

}  // namespace

Job quarterly_step_job() {
  return {"quarterly step",
          "one step of a chain, as quarterly --submit starts it",
          {},
          describe_quarterly_step,
          "directory"};
}

}  // namespace rankwise
