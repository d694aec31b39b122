// Sample runs:
//   rankwise quarterly quarter.ini
//   rankwise quarterly quarter.ini --submit
//   rankwise quarterly quarter.ini --submit --scheduler local
//   rankwise quarterly status q3

#include "jobs/quarterly/quarterly.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <chrono>
#include <filesystem>
#include <fmt/format.h>
#include <memory>
#include <set>

#include "io/files/folder_lock.hpp"
#include "jobs/options/file_clashes.hpp"
#include "jobs/options/file_option.hpp"
#include "jobs/options/folder_files.hpp"
#include "jobs/options/folder_locking.hpp"
#include "jobs/quarterly/chain/reader.hpp"
#include "jobs/quarterly/needs.hpp"
#include "jobs/quarterly/submission.hpp"
#include "jobs/run/standard_output.hpp"
#include "jobs/run/stop_requests.hpp"
#include "jobs/run/threads.hpp"
#include "jobs/sweep/state/scheduler_folder.hpp"
#include "jobs/sweep/state/scheduler_options.hpp"
#include "jobs/sweep/status.hpp"
#include "kernels/process/small_file.hpp"
#include "kernels/text/units.hpp"
#include "slurm/batch/sbatch_file.hpp"
#include "slurm/work/local_scheduler.hpp"

namespace rankwise {

namespace {

namespace fs = std::filesystem;

constexpr double look_seconds = 1;
constexpr double stop_patience_seconds = 60;

struct QuarterlyOptions {
  std::string file;
  ChainChanges changes;
  bool submits = false;
};

void require_one_rank(const Communicator& comm) {
  if (comm.size() == 1) return;
  throw AgreedError(ExitCode::usage,
                    "quarterly starts what needs several ranks by itself; expected to be run as one "
                    "rank, without mpirun");
}

/// No step writes over what it or another one reads from elsewhere, nor over the chain's own files.
void require_outputs_apart(const Chain& chain) {
  // Steps write their own event logs, which the list for steps therefore leaves out.
  std::vector<std::string_view> own_files = chain_folder_files;
  own_files.emplace_back("events/");
  std::vector<NamedFile> files{
      {"the chain's file", chain.file, {FileUse::read, {}, {}}},
      {"[quarterly] directory", chain.settings.directory, {FileUse::folder_written, {}, own_files}}};
  std::set<std::string> known;
  for (const ChainStep& step : chain.steps) {
    for (const std::string& path : step.outputs) {
      known.insert(path);
      files.push_back({fmt::format("output of [{}]", step.name), path, {FileUse::written, {}, {}}});
    }
  }
  for (const ChainStep& step : chain.steps) {
    for (const std::string& path : step.inputs) {
      if (!known.insert(path).second) continue;  // of a step before, or named above
      files.push_back({fmt::format("input of [{}]", step.name), path, {FileUse::read, {}, {}}});
    }
  }
  require_distinct_files(files);
}

Chain chain_of_file(const QuarterlyOptions& options) {
  if (!fs::is_regular_file(options.file)) {
    throw Error(ExitCode::no_input, fmt::format("{}: there is no such file", options.file));
  }
  Chain chain = read_chain(read_small_file(options.file), options.file, options.changes);
  require_outputs_apart(chain);
  require_inputs(chain);
  return chain;
}

/// Trials are planned for their ranks and threads, which are not fitted to what there is.
void require_cores_for_trials(const Chain& chain, const ChainStep& step) {
  if (step.cores_of_trial <= chain.settings.run.cores) return;
  throw Error(ExitCode::usage,
              fmt::format("{}: [sweep] ranks x threads-per-rank: a trial needs {} cores, and {} may be used here",
                          chain.file, step.cores_of_trial, chain.settings.run.cores));
}

/// Here steps take no more than there is: ranks and threads change no bit. The sweep shares out all of it.
void fit_to_cores(Chain& chain, const Communicator& comm) {
  RunSettings& settings = chain.settings.run;
  if (settings.cores == 0) settings.cores = processors_per_rank(comm);
  for (ChainStep& step : chain.steps) {
    if (!step.sweep.empty()) require_cores_for_trials(chain, step);
    slurm::Resources& need = step.resources;
    need.nodes = 1;
    need.tasks = std::min(need.tasks, settings.cores);
    const std::int64_t threads = step.sweep.empty() ? need.cpus_per_task : settings.cores;
    need.cpus_per_task = std::min(threads, settings.cores / need.tasks);
  }
}

/// Resources that the file leaves open.
void settle_needs(Chain& chain, const JobContext& context) {
  if (chain.settings.run.scheduler == SchedulerKind::local) return fit_to_cores(chain, context.comm);
  slurm::require_scriptable(chain.settings.directory);
  slurm::require_scriptable(fs::current_path());
  predict_needs(chain, processors_per_rank(context.comm), context.common.input_check);
}

/// What a gate makes of a step; empty without one.
std::string choice_text(const ServingChoice& choice) {
  if (!choice.is_made()) return {};
  return fmt::format("  {}if {} holds back the new model, a copy of {}\n",
                     choice.measured.empty() ? "or, " : fmt::format("a copy of {} or, ", choice.measured),
                     choice.verdict, choice.older);
}

std::string plan_text(const Chain& chain, const std::vector<StepState>& states) {
  const bool is_local = chain.settings.run.scheduler == SchedulerKind::local;
  std::string text = fmt::format("{:<15} {:<8} {:>6} {:>6} {:>8} {:>12} {:>12}  {}\n", "step", "state", "nodes",
                                 "ranks", "threads", "memory", "time limit", "after");
  for (std::size_t place = 0; place < chain.steps.size(); ++place) {
    const ChainStep& step = chain.steps[place];
    const slurm::Resources& need = step.resources;
    std::string after;
    for (const std::size_t before : step.after) after += (after.empty() ? "" : ", ") + chain.steps[before].name;
    text +=
        fmt::format("{:<15} {:<8} {:>6} {:>6} {:>8} {:>12} {:>12}  {}\n", step.name, phase_name(states[place].phase),
                    need.nodes, need.tasks, need.cpus_per_task,
                    need.memory_bytes_per_node > 0 ? bytes_text(static_cast<double>(need.memory_bytes_per_node)) : "-",
                    need.time_limit_seconds > 0 ? time_limit_text(need.time_limit_seconds) : "-", after);
  }
  for (std::size_t place = 0; place < chain.steps.size(); ++place) {
    const ChainStep& step = chain.steps[place];
    text += step.name + ":";
    const bool was_done = states[place].phase == StepPhase::open && !states[place].reason.empty();
    text += was_done ? fmt::format(" again: {}\n", states[place].reason) : "\n";
    for (const ChainCommand& command : step.commands) text += "  " + command_text(step, command) + "\n";
    text += choice_text(step.choice);
  }
  return text + fmt::format("files in {}, steps {}\n", chain.settings.directory,
                            is_local ? fmt::format("on {} cores here", chain.settings.run.cores) : "through Slurm");
}

/// Of assignments that stay as they were made.
void warn_of_made_before(const Chain& chain, const std::vector<StepState>& states, Report& report) {
  for (std::size_t place = 0; place < states.size(); ++place) {
    const bool is_kept = chain.steps[place].is_made_once && states[place].phase == StepPhase::done;
    if (is_kept && !states[place].reason.empty())
      report.warning(fmt::format("{}: {}", chain.steps[place].name, states[place].reason));
  }
}

/// Of models that gates hold back, and of assignments that stay as they were made.
void warn_of_verdicts(const Chain& chain, const std::vector<StepState>& states, Report& report) {
  for (std::size_t place = 0; place < states.size(); ++place) {
    const bool is_held_back = !chain.steps[place].verdict.empty() && states[place].phase == StepPhase::done;
    if (is_held_back && !states[place].reason.empty())
      report.warning(fmt::format("{}: {}", chain.steps[place].name, states[place].reason));
  }
  warn_of_made_before(chain, states, report);
}

/// Tells the first step that failed, with its own exit code.
[[noreturn]] void fail(const Chain& chain, const std::vector<StepState>& states) {
  for (std::size_t place = 0; place < states.size(); ++place) {
    const StepState& state = states[place];
    if (state.phase == StepPhase::done) continue;
    const std::string& name = chain.steps[place].name;
    const bool is_ours =
        state.exit_code && (*state.exit_code == 2 || (*state.exit_code >= 65 && *state.exit_code <= 74));
    throw Error(
        is_ours ? static_cast<ExitCode>(*state.exit_code) : ExitCode::internal,
        fmt::format("{}: {} {}{}{}; its log is {}/logs/{}.log", chain.settings.directory, name, phase_name(state.phase),
                    state.reason.empty() ? "" : ": ", state.reason, scheduler_folder(chain.settings.directory), name));
  }
  throw Error(ExitCode::internal, "no step failed");
}

/// Looks on until no step can go on. Throws Error where some are not done then.
void run_here(const Chain& chain, slurm::LocalScheduler& scheduler, JobContext& context) {
  StopRequests requests(std::nullopt, std::chrono::steady_clock::now());
  std::vector<StepPhase> told(chain.steps.size(), StepPhase::open);
  while (true) {
    const std::vector<StepState> states = step_states(chain, scheduler);
    for (std::size_t place = 0; place < states.size(); ++place) {
      if (states[place].phase == told[place]) continue;
      told[place] = states[place].phase;
      context.report.line(fmt::format("{}: {}", chain.steps[place].name, phase_name(told[place])));
    }
    if (std::ranges::none_of(states, is_in_queue)) {
      print_result(states_text(chain, states));
      warn_of_verdicts(chain, states, context.report);
      const bool all_done =
          std::ranges::all_of(states, [](const StepState& state) { return state.phase == StepPhase::done; });
      if (!all_done) fail(chain, states);
      return;
    }
    const bool is_cancelled_now = is_cancelled(chain.settings.directory);
    if (is_cancelled_now || requests.agreed(context.comm, 0) == StopRequest::stop) {
      scheduler.stop(stop_patience_seconds);
      throw Error(ExitCode::stopped_early,
                  fmt::format("{}: {}; rankwise quarterly {} --submit continues", chain.settings.directory,
                              is_cancelled_now ? "cancelled" : "stopped", chain.file));
    }
    scheduler.wait(look_seconds);
  }
}

std::unique_ptr<slurm::Scheduler> settled_scheduler(const Chain& chain, JobContext& context) {
  auto scheduler = make_scheduler(chain.settings.directory, chain.settings.run);
  scheduler->set_notice([&context](const std::string& line) { context.report.line(line); });
  scheduler->settle();
  return scheduler;
}

void submit_chain(const Chain& chain, JobContext& context) {
  const std::string& directory = chain.settings.directory;
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) throw Error(ExitCode::cannot_create, fmt::format("{}: {}", directory, error.message()));
  const FolderLock lock(directory, "submit this chain", chain.settings.run.locking);
  warn_if_unlocked(context.report, directory, lock.fault());
  const auto scheduler = settled_scheduler(chain, context);
  require_same_queue(chain);
  unmark_cancelled(directory);
  if (chain.settings.run.scheduler == SchedulerKind::slurm) {
    tell_sbatch_variables(chain.settings.run.batch, context.report);
  }
  const std::vector<std::string> submitted = submit_open_steps(chain, *scheduler);
  if (auto* local = dynamic_cast<slurm::LocalScheduler*>(scheduler.get())) return run_here(chain, *local, context);
  for (const std::string& name : submitted) context.report.line(fmt::format("{} is in the queue", name));
  print_result(states_text(chain, step_states(chain, *scheduler)));
  context.report.line(fmt::format("rankwise quarterly status {} shows their state", directory));
}

void run_quarterly(const QuarterlyOptions& options, JobContext& context) {
  require_one_rank(context.comm);
  agree_on(context.comm, [&] {
    Chain chain = chain_of_file(options);
    chain.settings.run.input_check = context.common.input_check;
    settle_needs(chain, context);
    for (const std::string& warning : chain.warnings) context.report.warning(warning);
    for (const std::string& warning : unfinished_before(chain)) context.report.warning(warning);
    if (options.submits) return submit_chain(chain, context);
    const std::vector<StepState> states = step_states(chain);
    print_result(plan_text(chain, states));
    warn_of_made_before(chain, states, context.report);
  });
}

constexpr std::string_view notes =
    R"(FILE has a section per step, with that job's own options: [prepare], then [sweep] (sweep plan's options, and how sweep run
runs trials; job = als or itemcf) or [als], and [itemcf] beside it or alone, then [evaluate], [gate], [profile], [kmeans],
[kmeans users] or [kmeans items], [recommend] and [recommend NAME], and [segments]. A step without a section is left out.
Files between steps are wired, in DIR: dataset.h5, sweep/, model.h5, metrics.json, gate.json, final.h5, profile.h5,
segments.h5 (segments-users.h5, segments-items.h5), recommendations.csv (recommendations-NAME.csv), segments.json and
segments.html; a section's own data, model, input or output is what counts. After [sweep] the winner is trained as sweep
refit does; [refit] may say its model and metrics.
A chain that trains factors and an item model has the item model in items.h5, items-metrics.json, items-gate.json and
items-final.h5; its sections are [itemcf], [evaluate itemcf], [gate itemcf] and [final itemcf]. [recommend] then says which
model: model = als, or itemcf. Other words for what the chain makes: input = profile in [kmeans users], factors = als in
[profile], segments = kmeans (the clusters of users) in [recommend]. Segments are of factors or of the profile.
The step final follows the evaluation and needs no section: it trains once more, with the same options and for as many
epochs, on everything, the held-out part too (als --train-on all). Recommendations and segments are made from its model.
final = no leaves it out, and a chain whose [prepare] holds nothing out has none. [final] may say its model and log.
previous = DIR is last quarter's folder: als begins at its model, [segments] compares with its clusters, dataset and
profile, and the gate compares the new model with its model, by the options of [evaluate] if [gate] does not say otherwise
(metric, margin, confidence: as evaluate --against). A model that is held back ends no chain: final.h5 is then last
quarter's model, and a warning says so. The hold-out should be split = temporal:SHARE, later than last quarter's log.
[previous] may name these files instead: data, model, item-model, clustering, profile, names, assignment.
[campaign NAME] has the options of campaign assign, and [measure] those of campaign measure: each campaign of last quarter
whose time is over is measured, and what it brought (with a margin) is the uplift of this quarter's campaign of that name.
The last step, page, writes index.html and quarter.json: data, models, gate, segments, costs and warnings (page = no: not).
${NAME} in a value is what [variables] says; $${ is ${. --set changes values of the file, variables too.
[quarterly] has
  directory = DIR                       of all files
  previous = DIR                        last quarter's folder
  warm-start = yes|no, gate = yes|no    whether als begins at last quarter's model; whether the new model must not be worse
  final = yes|no                        whether the model that serves is trained on everything (yes without it)
  scheduler = slurm|local               cores = N: local
   partition, account, qos, constraint, sbatch-option, signal    as sweep run has them, with the same variables of the
                                        environment; none: not asked for
   lock = auto|off                       of DIR, as als has it for its checkpoints; trainings and sweeps have their own
  nodes, ranks, threads-per-rank, memory (of a node), time-limit    of every step, or of one: als.ranks = 16; final has
                                        those of als, itemcf or refit unless it says its own
A training asks for the memory and time that are predicted where they are not stated and its dataset is there. Locally no
step has more ranks and threads than there are cores, which changes no bit.
Without --submit everything is checked and printed, and nothing starts. With it every step that is not done is handed over, each
after those that it reads from. A step is done while its files are as it wrote them, from the same options and inputs by
the same program; submitting again does the others. The sweep's step looks on from inside the cluster while its trials run
as jobs of their own. Steps stop before their time limit with a checkpoint, where their job has such, and come back.
Paths that are not absolute begin where this command is run. rankwise quarterly status DIR tells where the steps stand,
rankwise quarterly cancel DIR takes them out of the queue, or ends the command that runs them here.)";

RunJob describe_quarterly(boost::program_options::options_description& description) {
  namespace po = boost::program_options;
  const auto options = std::make_shared<QuarterlyOptions>();
  // clang-format off
  description.add_options()
    ("file", read_file(&options->file)->required(), "the chain, in sections; an object of objects where its name ends in .json")
    ("submit", po::bool_switch(&options->submits), "hand over what is not done; with the local scheduler, run it here to the end")
    ("scheduler", po::value(&options->changes.scheduler)->value_name("local|slurm"), "in place of what the file says")
    ("set", po::value(&options->changes.options)->value_name("SECTION.OPTION=VALUE")->composing(),
     "in place of what the file says, as in variables.quarter=2024q3; may be given several times");
  // clang-format on
  return [options](JobContext& context) { run_quarterly(*options, context); };
}

/// `status` and `cancel` of a folder.
auto describe_folder(void (*act)(const Chain&, JobContext&)) {
  return [act](boost::program_options::options_description& description) -> RunJob {
    namespace po = boost::program_options;
    const auto directory = std::make_shared<std::string>();
    description.add_options()("directory", written_folder(directory.get(), chain_folder_files)->required(),
                              "folder of the chain");
    return [directory, act](JobContext& context) {
      require_one_rank(context.comm);
      const Chain chain = submitted_chain(context.comm, *directory);
      agree_on(context.comm, [&] { act(chain, context); });
    };
  };
}

/// Whether it neither ended well nor goes on by itself.
bool went_wrong(const StepState& state) {
  return state.phase == StepPhase::failed || state.phase == StepPhase::lost || state.phase == StepPhase::stopped;
}

void tell_status(const Chain& chain, JobContext& context) {
  const std::string& directory = chain.settings.directory;
  const std::vector<StepState> states = step_states(chain);
  print_result(states_text(chain, states));
  warn_of_verdicts(chain, states, context.report);
  const auto wrong = std::ranges::find_if(states, went_wrong);
  const bool is_wanted = is_cancelled(directory) && std::ranges::none_of(states, [](const StepState& state) {
                           return state.phase == StepPhase::failed;
                         });
  if (wrong == states.end() || is_wanted) return;
  throw Error(
      ExitCode::work_failed,
      fmt::format("{}: {} {}; mend the cause, then rankwise quarterly FILE --submit continues", directory,
                  chain.steps[static_cast<std::size_t>(wrong - states.begin())].name, phase_name(wrong->phase)));
}

/// Locally the steps are those of the process that submitted them, which looks for the mark.
void cancel_here(const Chain& chain, JobContext& context) {
  const std::string& directory = chain.settings.directory;
  const bool is_told = chain.settings.run.locking == Locking::automatic;
  if (is_told && lock_holder(directory) == LockHolder::none) return context.report.line("nothing was running");
  mark_cancelled(directory);
  context.report.line("cancelled; what runs is told to stop; rankwise quarterly FILE --submit continues");
}

void cancel_chain(const Chain& chain, JobContext& context) {
  if (chain.settings.run.scheduler == SchedulerKind::local) return cancel_here(chain, context);
  const auto scheduler = settled_scheduler(chain, context);
  const std::vector<StepState> states = step_states(chain, *scheduler);
  std::ranges::for_each(states, require_answer);
  mark_cancelled(chain.settings.directory);
  std::vector<std::string> queued;
  std::size_t trials = 0;
  for (std::size_t place = 0; place < states.size(); ++place) {
    const ChainStep& step = chain.steps[place];
    if (is_in_queue(states[place])) queued.push_back(step.name);
    // Trials outlive their step.
    const bool is_swept = !step.sweep.empty() && read_settings(step.sweep) && states[place].phase != StepPhase::done;
    if (is_swept) trials += cancel_sweep(step.sweep);
  }
  scheduler->cancel(queued);
  context.report.line(
      fmt::format("cancelled {} steps and {} jobs of the sweep; rankwise quarterly FILE --submit continues",
                  queued.size(), trials));
}

}  // namespace

Job quarterly_job() {
  return {"quarterly", "a whole quarter from one file: dataset, models, gate, lists, profiles, segments", notes,
          describe_quarterly, "file"};
}

Job quarterly_status_job() {
  return {"quarterly status",
          "the state of each step of a chain, what failed and why",
          {},
          describe_folder(tell_status),
          "directory"};
}

Job quarterly_cancel_job() {
  return {"quarterly cancel",
          "take a chain's steps out of the queue; what runs writes its checkpoint",
          {},
          describe_folder(cancel_chain),
          "directory"};
}

}  // namespace rankwise
