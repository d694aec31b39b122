// From logs to models, and which serve.

#include <algorithm>
#include <array>
#include <boost/program_options.hpp>
#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <iterator>
#include <memory>
#include <span>

#include "io/files/input_paths.hpp"
#include "jobs/als/als.hpp"
#include "jobs/data/prepare.hpp"
#include "jobs/itemcf/itemcf.hpp"
#include "jobs/quarterly/chain/chain_reader.hpp"
#include "jobs/quarterly/chain/parsed_options.hpp"
#include "jobs/quarterly/chain/step_resources.hpp"
#include "jobs/sweep/planning.hpp"
#include "jobs/sweep/refit.hpp"
#include "jobs/sweep/run.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

namespace fs = std::filesystem;

/// Options of `sweep run` that [sweep] takes beside those of `sweep plan`; [quarterly] has the others.
constexpr std::array<std::string_view, 7> run_options{
    "max-retries", "time-limit", "memory-safety", "cores-per-node", "jobs-at-once", "tasks-per-job", "tasks-at-once"};

bool is_run_option(const ConfigEntry& entry) {
  return std::ranges::find(run_options, entry.name) != run_options.end();
}

/// What [final] may say for itself after [als]; all else that decides the model is that of [als].
constexpr std::array<std::string_view, 13> final_als_options{"model",
                                                             "checkpoint",
                                                             "checkpoint-every",
                                                             "checkpoint-interval",
                                                             "checkpoint-writing",
                                                             "keep",
                                                             "memory-budget",
                                                             "node-sharing",
                                                             "simd",
                                                             "log-json",
                                                             "rank-timeout",
                                                             "verify-inputs",
                                                             "quiet"};
/// Likewise after [itemcf].
constexpr std::array<std::string_view, 7> final_itemcf_options{"model",        "memory-budget", "simd", "log-json",
                                                               "rank-timeout", "verify-inputs", "quiet"};

/// Options of [als] and [itemcf] that their own training alone has: its files, and what decides when it ends, which
/// [final] takes from the model.
constexpr std::array<std::string_view, 13> training_alone{
    "data",   "model",     "checkpoint",        "resume",           "max-time", "log-json", "fold",
    "epochs", "epochs-of", "validation-metric", "validation-every", "patience", "train-on"};

bool is_of(std::span<const std::string_view> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

/// How the sweep reaches the scheduler that runs the chain.
NamedValues scheduler_options(const RunSettings& settings) {
  if (settings.scheduler == SchedulerKind::local) {
    NamedValues options{{"scheduler", "local"}};
    if (settings.cores > 0) options.emplace_back("cores", std::to_string(settings.cores));
    return options;
  }
  NamedValues options{{"scheduler", "slurm"}, {"signal", std::to_string(settings.signal_seconds)}};
  const auto add = [&options](const char* name, const std::string& value) {
    if (!value.empty()) options.emplace_back(name, value);
  };
  add("partition", settings.batch.partition);
  add("account", settings.batch.account);
  add("qos", settings.batch.qos);
  add("constraint", settings.batch.constraint);
  for (const std::string& line : settings.batch.extra_lines) add("sbatch-option", line);
  return options;
}

}  // namespace

void ChainReader::read_prepare(const ConfigSection& section) {
  const auto options = std::make_shared<PrepareOptions>();
  const NamedValues wired{
      {"output", products_.data}, {"report", in_folder("prepare.json")}, {"report", in_folder("prepare.html")}};
  const SectionCommand command =
      section_command(into(options, prepare_job(), describe_prepare), section, wired, chain_.file);
  products_.data = command.file("output");
  holds_out_ = options->split.kind != SplitKind::none;
  holds_out_last_ = options->split.kind == SplitKind::temporal;
  ChainStep& step = add_step("prepare", prepare_job(), command);
  take_files(step, command, {"output", "report", "quarantine"});
  step.inputs = expand_inputs(step.inputs).paths;
}

void ChainReader::read_sweep(const ConfigSection& section) {
  require_chains_own_sweep(section);
  const std::string folder = in_folder("sweep");
  ConfigSection planned = section;
  ConfigSection run = section;
  std::erase_if(planned.entries, is_run_option);
  std::erase_if(run.entries, [](const ConfigEntry& entry) { return !is_run_option(entry); });
  const auto options = std::make_shared<SweepPlanOptions>();
  const SectionCommand plan = section_command(into(options, sweep_plan_job(), describe_sweep_plan), planned,
                                              {{"directory", folder}, {"data", products_.data}}, chain_.file);
  products_.data = plan.file("data");
  NamedValues run_values = scheduler_options(chain_.settings.run);
  run_values.insert(run_values.begin(), {"directory", folder});
  SectionCommand drive = section_command(sweep_run_job(), run, run_values, chain_.file);
  drive.arguments.emplace_back("--reset");  // what an earlier file asked for does not stay
  if (chain_.settings.run.scheduler == SchedulerKind::slurm) drive.arguments.emplace_back("--wait");

  ChainStep& step = add_step("sweep", sweep_plan_job(), plan);
  step.commands.push_back({sweep_run_job(), drive.arguments});
  step.sweep = folder;
  step.cores_of_trial = std::int64_t{options->ranks} * options->threads_per_rank;
  step.outputs = {(fs::path(folder) / "results" / "winner.ini").string()};
  take_files(step, plan, {});
  std::erase_if(step.inputs,
                [this](const std::string& path) { return path != products_.data; });  // not the older sweeps
  read_refit(section, *options);
}

void ChainReader::require_chains_own_sweep(const ConfigSection& section) const {
  for (const ConfigEntry& entry : section.entries) {
    if (entry.name == "job" && entry.value == "kmeans") {
      throw Error(ExitCode::usage,
                  fmt::format("{}:{}: [sweep] job kmeans: the chain sweeps als or itemcf; expected clusters = 2:6 in "
                              "[kmeans]",
                              chain_.file, entry.line));
    }
    if (entry.name != "directory") continue;
    throw Error(ExitCode::usage,
                fmt::format("{}:{}: [sweep] {}: the chain sweeps in DIR/sweep; expected no such option", chain_.file,
                            entry.line, entry.name));
  }
  if (find("als") != nullptr) refuse(section, "and [als] both train; expected one of them");
}

/// Trains the winner of the sweep before it, on as many ranks as its trials had.
void ChainReader::read_refit(const ConfigSection& swept, const SweepPlanOptions& options) {
  const std::string folder = chain_.steps.back().sweep;
  const std::string winner = chain_.steps.back().outputs.front();
  const ConfigSection* own = find("refit");
  const ConfigSection section = own != nullptr ? *own : ConfigSection{"refit", swept.line, {}};
  if (options.job == SweptJob::itemcf && find("itemcf") != nullptr) {
    refuse(swept, "of itemcf and [itemcf] both train; expected one of them");
  }
  const SectionCommand command = section_command(
      sweep_refit_job(), section, {{"directory", folder}, {"model", in_folder("model.h5")}}, chain_.file);
  const ChainModel& model = models_.emplace_back(ChainModel{.job = job_name(options.job),
                                                            .path = command.file("model"),
                                                            .step = "refit",
                                                            .ranks_alone = always_implicit(options),
                                                            .is_of_part = true,
                                                            .suffix = {},
                                                            .choice = {}});
  ChainStep& step = add_step("refit", sweep_refit_job(), command);
  const ChainSettings& settings = chain_.settings;
  if (!settings.need("refit", &StepNeeds::ranks))
    step.resources.tasks = std::max(step.resources.nodes, std::int64_t{options.ranks});
  if (!settings.need("refit", &StepNeeds::threads_per_rank)) step.resources.cpus_per_task = options.threads_per_rank;
  step.inputs = {products_.data, winner};
  step.outputs = {model.path};
  if (const std::string metrics = command.file("metrics"); !metrics.empty()) step.outputs.push_back(metrics);
}

void ChainReader::read_als(const ConfigSection& section) {
  NamedValues wired{{"data", products_.data}, {"model", in_folder("model.h5")}};
  std::ranges::copy(checkpoint_options(section, "als"), std::back_inserter(wired));
  const auto options = std::make_shared<AlsOptions>();
  const SectionCommand command = section_command(into(options, als_job(), describe_als), section, wired, chain_.file);
  products_.data = command.file("data");
  if (options->validation->metric) require_heldout(section, products_.data);
  models_.push_back({.job = "als",
                     .path = command.file("model"),
                     .step = "als",
                     .ranks_alone = options->objective.loss == LossKind::implicit_feedback,
                     .is_of_part = options->trained_on != TrainedOn::all,
                     .suffix = {},
                     .choice = {}});
  ChainStep& step = add_step("als", als_job(), command);
  step.data = products_.data;
  step.epochs = options->epochs;
  take_files(step, command, {"model"});
  if (has_checkpoints_of(command, checkpoint_folder("als"))) step.checkpoints = checkpoint_folder("als");
}

/// The only model, or the second one beside factors.
void ChainReader::read_itemcf(const ConfigSection& section) {
  const std::string suffix = models_.empty() ? "" : "-itemcf";
  const auto options = std::make_shared<ItemcfOptions>();
  const NamedValues wired{{"data", products_.data}, {"model", in_folder(suffix.empty() ? "model.h5" : "items.h5")}};
  const SectionCommand command =
      section_command(into(options, itemcf_job(), describe_itemcf_job), section, wired, chain_.file);
  if (!suffix.empty() && command.file("data") != products_.data) {
    refuse(section, "data: expected the dataset of the chain's other model");
  }
  products_.data = command.file("data");
  models_.push_back({.job = "itemcf",
                     .path = command.file("model"),
                     .step = "itemcf",
                     .ranks_alone = true,
                     .is_of_part = options->trained_on != TrainedOn::all,
                     .suffix = suffix,
                     .choice = {}});
  take_files(add_step("itemcf", itemcf_job(), command), command, {"model"});
}

/// The model that was measured is trained once more, on everything, for those that serve; of a chain that does not, a
/// gate needs a step that puts the model that serves in one place. Either makes nothing new where the gate says so.
void ChainReader::read_final(ChainModel& model) {
  const ConfigSection* own = find(model.section("final"));
  // With nothing held out the model has seen everything.
  const bool has_more_to_learn = model.is_of_part && holds_out_;
  if (own != nullptr && !chain_.settings.trains_final)
    refuse(*own, "has a meaning only without final = no in [quarterly]");
  if (own != nullptr && !has_more_to_learn)
    refuse(*own, "has a meaning only if something is held out, which the model is trained on then");
  const bool trains = chain_.settings.trains_final && has_more_to_learn;
  if (!trains && !model.choice.is_made()) return;
  if (trains) {
    const ConfigSection section = own != nullptr ? *own : ConfigSection{model.section("final"), 0, {}};
    ChainStep& step = model.step == "refit" ? add_final_refit(section, model) : add_final_training(section, model);
    step.resources = resources_like(chain_, *step_named(model.step), "final");
    step.repeats = model.step;
  } else {
    model.choice.measured = model.path;
    add_serving(model);
  }
  ChainStep& step = chain_.steps.back();
  step.choice = model.choice;
  if (step.choice.is_made()) step.inputs.insert(step.inputs.end(), {step.choice.verdict, step.choice.older});
  model.path = step.outputs.front();
}

/// Whichever model serves becomes a file of this chain.
void ChainReader::add_serving(const ChainModel& model) {
  ChainStep& step = chain_.steps.emplace_back();
  step.name = "serve" + model.suffix;
  step.configuration = "quarterly serve\n";
  step.inputs = {model.path};
  step.outputs = {in_folder(model.file("served.h5"))};
  step.resources = resources_of(chain_, "serve");
}

/// Where the quarter before left off, unless [als] or [quarterly] say otherwise.
void ChainReader::warm_start_als() {
  const auto section = std::ranges::find(sections_, "als", &ConfigSection::name);
  if (section == sections_.end() || has_entry(*section, "warm-start")) return;
  if (chain_.previous.model.empty() || !chain_.settings.warm_starts) return;
  section->entries.push_back({"warm-start", chain_.previous.model, section->line});
}

/// By the options of the training's own section.
ChainStep& ChainReader::add_final_training(const ConfigSection& own, const ChainModel& model) {
  const bool is_als = model.job == "als";
  const std::span<const std::string_view> allowed =
      is_als ? std::span<const std::string_view>(final_als_options) : final_itemcf_options;
  for (const ConfigEntry& entry : own.entries) {
    if (is_of(allowed, entry.name)) continue;
    throw Error(ExitCode::usage,
                fmt::format("{}:{}: [{}] {}: the options of [{}] hold; expected one of {}", chain_.file, entry.line,
                            own.name, entry.name, model.job, fmt::join(allowed, ", ")));
  }
  const ConfigSection& training = *find(model.job);
  ConfigSection section{own.name, own.entries.empty() ? training.line : own.line, own.entries};
  for (const ConfigEntry& entry : training.entries) {
    if (!is_of(training_alone, entry.name) && !has_entry(own, entry.name)) section.entries.push_back(entry);
  }
  const std::string name = "final" + model.suffix;
  NamedValues wired{{"data", products_.data}, {"model", final_path(model)}, {"train-on", "all"}};
  if (is_als) {
    wired.emplace_back("epochs-of", model.path);
    std::ranges::copy(checkpoint_options(section, name), std::back_inserter(wired));
  }
  const Job job = is_als ? als_job() : itemcf_job();
  const SectionCommand command = section_command(job, section, wired, chain_.file);
  ChainStep& step = add_step(name, job, command);
  step.inputs = {products_.data};
  take_files(step, command, {"model"});
  if (has_checkpoints_of(command, checkpoint_folder(name))) step.checkpoints = checkpoint_folder(name);
  return step;
}

ChainStep& ChainReader::add_final_refit(const ConfigSection& own, const ChainModel& model) {
  const ChainStep swept = *step_named("sweep");
  NamedValues wired{{"directory", swept.sweep}, {"model", final_path(model)}, {"train-on", "all"}};
  if (model.job == "als") wired.emplace_back("epochs-of", model.path);
  const SectionCommand command = section_command(sweep_refit_job(), own, wired, chain_.file);
  ChainStep& step = add_step("final", sweep_refit_job(), command);
  step.inputs = {products_.data, swept.outputs.front(), model.path};
  step.outputs = {command.file("model")};
  return step;
}

}  // namespace rankwise
