#include "jobs/quarterly/reader.hpp"

#include <algorithm>
#include <array>
#include <boost/program_options.hpp>
#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <iterator>
#include <memory>

#include "io/files/input_paths.hpp"
#include "jobs/als/als.hpp"
#include "jobs/data/prepare.hpp"
#include "jobs/evaluate/evaluate.hpp"
#include "jobs/evaluate/metrics.hpp"
#include "jobs/kmeans/kmeans.hpp"
#include "jobs/options/section_options.hpp"
#include "jobs/quarterly/file.hpp"
#include "jobs/quarterly/links.hpp"
#include "jobs/quarterly/step_resources.hpp"
#include "jobs/recommend/recommend.hpp"
#include "jobs/sweep/planning.hpp"
#include "jobs/sweep/refit.hpp"
#include "jobs/sweep/run.hpp"
#include "kernels/process/small_file.hpp"

namespace rankwise {

namespace {

namespace fs = std::filesystem;
namespace po = boost::program_options;

/// Options of `sweep run` that [sweep] takes beside those of `sweep plan`; [quarterly] has the others.
constexpr std::array<std::string_view, 7> run_options{
    "max-retries", "time-limit", "memory-safety", "cores-per-node", "jobs-at-once", "tasks-per-job", "tasks-at-once"};

bool is_run_option(const ConfigEntry& entry) {
  return std::ranges::find(run_options, entry.name) != run_options.end();
}

/// What [final] may say for itself after [als]; all else that decides the model is that of [als].
constexpr std::array<std::string_view, 13> final_options{"model",
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

/// Options of [als] that its own training alone has: its files, and what decides when it ends, which [final] takes from
/// the model.
constexpr std::array<std::string_view, 13> training_alone{
    "data",   "model",     "checkpoint",        "resume",           "max-time", "log-json", "fold",
    "epochs", "epochs-of", "validation-metric", "validation-every", "patience", "train-on"};

template <std::size_t count>
bool is_of(const std::array<std::string_view, count>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

/// The job, whose options go into `options` once a section is read.
template <class Options>
Job into(const std::shared_ptr<Options>& options, Job job,
         RunJob (*describe)(po::options_description&, const std::shared_ptr<Options>&)) {
  job.describe = [options, describe](po::options_description& description) { return describe(description, options); };
  return job;
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

/// Reads step after step; what one writes is what the next ones read, unless their sections say otherwise.
class ChainReader {
 public:
  ChainReader(Chain& chain, std::vector<ConfigSection> sections)
      : chain_(chain),
        sections_(std::move(sections)),
        dataset_(in_folder("dataset.h5")),
        model_(in_folder("model.h5")) {}

  void read() {
    if (const ConfigSection* section = find("prepare")) read_prepare(*section);
    if (const ConfigSection* section = find("sweep")) read_sweep(*section);
    if (const ConfigSection* section = find("als")) read_als(*section);
    if (const ConfigSection* section = find("evaluate")) read_evaluate(*section);
    read_final();
    if (const ConfigSection* section = find("recommend")) read_recommend(*section);
    for (const char* side : {"", "users", "items"}) {
      const std::string name = *side == '\0' ? "kmeans" : fmt::format("kmeans {}", side);
      if (const ConfigSection* section = find(name)) read_kmeans(*section, side);
    }
    if (chain_.steps.empty())
      throw Error(ExitCode::usage, fmt::format("{}: no steps; expected a section such as [prepare]", chain_.file));
    link_steps(chain_);
  }

 private:
  [[nodiscard]] std::string in_folder(const std::string& name) const {
    return (fs::path(chain_.settings.directory) / name).string();
  }
  [[nodiscard]] const ConfigSection* find(const std::string& name) const {
    const auto found = std::ranges::find(sections_, name, &ConfigSection::name);
    return found == sections_.end() ? nullptr : &*found;
  }
  [[noreturn]] void refuse(const ConfigSection& section, const std::string& reason) const {
    throw Error(ExitCode::usage, fmt::format("{}:{}: [{}] {}", chain_.file, section.line, section.name, reason));
  }

  /// Another step, whose one command is `job` with the section's options.
  ChainStep& add_step(const std::string& name, const Job& job, const SectionCommand& command) {
    ChainStep& step = chain_.steps.emplace_back();
    step.name = name;
    step.commands = {{job, command.arguments}};
    step.configuration = command.configuration;
    step.launch = command.launch;
    step.resources = resources_of(chain_, name.substr(0, name.find('-')));
    return step;
  }
  /// Files that options of the command name.
  static void take_files(ChainStep& step, const SectionCommand& command,
                         std::initializer_list<std::string_view> outputs) {
    for (const auto& [option, path] : command.files) {
      if (std::ranges::find(outputs, option) != outputs.end()) {
        step.outputs.push_back(path);
      } else if (option != "checkpoint" && option != "directory") {
        step.inputs.push_back(path);
      }
    }
  }
  /// Wires a folder of checkpoints, unless the section names its own.
  [[nodiscard]] NamedValues checkpoint_options(const ConfigSection& section, const std::string& step) const {
    if (has_entry(section, "checkpoint")) return {};
    NamedValues options{{"checkpoint", checkpoint_folder(step)}};
    if (!has_entry(section, "checkpoint-every") && !has_entry(section, "checkpoint-interval"))
      options.emplace_back("checkpoint-interval", "00:10:00");
    return options;
  }
  [[nodiscard]] std::string checkpoint_folder(const std::string& step) const {
    return (fs::path(in_folder("checkpoints")) / step).string();
  }
  [[nodiscard]] static bool has_entry(const ConfigSection& section, std::string_view name) {
    return std::ranges::find(section.entries, name, &ConfigEntry::name) != section.entries.end();
  }
  /// A step that is there.
  [[nodiscard]] const ChainStep* step_named(std::string_view name) const {
    return &*std::ranges::find(chain_.steps, name, &ChainStep::name);
  }
  [[nodiscard]] static bool has_checkpoints_of(const SectionCommand& command, const std::string& folder) {
    return command.file("checkpoint") == folder;
  }

  void read_prepare(const ConfigSection& section) {
    const auto options = std::make_shared<PrepareOptions>();
    const SectionCommand command =
        section_command(into(options, prepare_job(), describe_prepare), section, {{"output", dataset_}}, chain_.file);
    dataset_ = command.file("output");
    holds_out_ = options->split.kind != SplitKind::none;
    ChainStep& step = add_step("prepare", prepare_job(), command);
    take_files(step, command, {"output"});
    step.inputs = expand_inputs(step.inputs).paths;
  }

  void read_sweep(const ConfigSection& section) {
    require_chains_own_sweep(section);
    const std::string folder = in_folder("sweep");
    ConfigSection planned = section;
    ConfigSection run = section;
    std::erase_if(planned.entries, is_run_option);
    std::erase_if(run.entries, [](const ConfigEntry& entry) { return !is_run_option(entry); });
    const auto options = std::make_shared<SweepPlanOptions>();
    const SectionCommand plan = section_command(into(options, sweep_plan_job(), describe_sweep_plan), planned,
                                                {{"directory", folder}, {"data", dataset_}}, chain_.file);
    dataset_ = plan.file("data");
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
    std::erase_if(step.inputs, [this](const std::string& path) { return path != dataset_; });  // not the older sweeps
    read_refit(section, *options);
  }
  void require_chains_own_sweep(const ConfigSection& section) const {
    for (const ConfigEntry& entry : section.entries) {
      if (entry.name != "directory" && entry.name != "job") continue;
      throw Error(ExitCode::usage,
                  fmt::format("{}:{}: [sweep] {}: the chain sweeps als in DIR/sweep; expected no such option",
                              chain_.file, entry.line, entry.name));
    }
    if (find("als") != nullptr) refuse(section, "and [als] both train; expected one of them");
  }
  /// Trains the winner of the sweep before it, on as many ranks as its trials had.
  void read_refit(const ConfigSection& swept, const SweepPlanOptions& options) {
    const std::string folder = chain_.steps.back().sweep;
    const std::string winner = chain_.steps.back().outputs.front();
    const ConfigSection* own = find("refit");
    const ConfigSection section = own != nullptr ? *own : ConfigSection{"refit", swept.line, {}};
    const SectionCommand command =
        section_command(sweep_refit_job(), section, {{"directory", folder}, {"model", model_}}, chain_.file);
    model_ = command.file("model");
    if (always_implicit(options)) implicit_model_ = model_;
    ChainStep& step = add_step("refit", sweep_refit_job(), command);
    const ChainSettings& settings = chain_.settings;
    if (!settings.need("refit", &StepNeeds::ranks))
      step.resources.tasks = std::max(step.resources.nodes, std::int64_t{options.ranks});
    if (!settings.need("refit", &StepNeeds::threads_per_rank)) step.resources.cpus_per_task = options.threads_per_rank;
    step.inputs = {dataset_, winner};
    step.outputs = {model_};
    trains_here_ = true;
    if (const std::string metrics = command.file("metrics"); !metrics.empty()) step.outputs.push_back(metrics);
  }

  void read_als(const ConfigSection& section) {
    NamedValues wired{{"data", dataset_}, {"model", model_}};
    std::ranges::copy(checkpoint_options(section, "als"), std::back_inserter(wired));
    const auto options = std::make_shared<AlsOptions>();
    const SectionCommand command = section_command(into(options, als_job(), describe_als), section, wired, chain_.file);
    dataset_ = command.file("data");
    model_ = command.file("model");
    if (options->objective.loss == LossKind::implicit_feedback) implicit_model_ = model_;
    if (options->validation->metric) require_heldout(section, dataset_);
    trains_here_ = options->trained_on != TrainedOn::all;
    ChainStep& step = add_step("als", als_job(), command);
    step.data = dataset_;
    step.epochs = options->epochs;
    take_files(step, command, {"model"});
    if (has_checkpoints_of(command, checkpoint_folder("als"))) step.checkpoints = checkpoint_folder("als");
  }

  void read_evaluate(const ConfigSection& section) {
    const NamedValues wired{{"data", dataset_}, {"model", model_}, {"output", in_folder("metrics.json")}};
    const SectionCommand command = section_command(evaluate_job(), section, wired, chain_.file);
    require_heldout(section, command.file("data"));
    require_fitting_metrics(section, command.file("model"));
    take_files(add_step("evaluate", evaluate_job(), command), command, {"output", "report", "per-user"});
  }

  /// Trains the model that was measured once more, on everything, for those that serve.
  void read_final() {
    const ConfigSection* own = find("final");
    if (!chain_.settings.trains_final) {
      if (own != nullptr) refuse(*own, "has a meaning only without final = no in [quarterly]");
      return;
    }
    // With nothing held out the model has seen everything.
    if (!trains_here_ || !holds_out_) {
      if (own != nullptr)
        refuse(*own, "has a meaning only if something is held out, which the model is trained on then");
      return;
    }
    const ConfigSection section = own != nullptr ? *own : ConfigSection{"final", 0, {}};
    if (const ConfigSection* training = find("als")) {
      read_final_als(section, *training);
    } else {
      read_final_refit(section);
    }
  }

  void read_final_als(const ConfigSection& own, const ConfigSection& training) {
    for (const ConfigEntry& entry : own.entries) {
      if (is_of(final_options, entry.name)) continue;
      throw Error(ExitCode::usage, fmt::format("{}:{}: [final] {}: the options of [als] hold; expected one of {}",
                                               chain_.file, entry.line, entry.name, fmt::join(final_options, ", ")));
    }
    ConfigSection section{"final", own.entries.empty() ? training.line : own.line, own.entries};
    for (const ConfigEntry& entry : training.entries) {
      if (!is_of(training_alone, entry.name) && !has_entry(own, entry.name)) section.entries.push_back(entry);
    }
    NamedValues wired{{"data", dataset_}, {"model", in_folder("final.h5")}, {"train-on", "all"}, {"epochs-of", model_}};
    std::ranges::copy(checkpoint_options(section, "final"), std::back_inserter(wired));
    const SectionCommand command = section_command(als_job(), section, wired, chain_.file);
    ChainStep& step = add_step("final", als_job(), command);
    step.resources = resources_like(chain_, *step_named("als"), "final");
    step.inputs = {dataset_};
    take_files(step, command, {"model"});
    if (has_checkpoints_of(command, checkpoint_folder("final"))) step.checkpoints = checkpoint_folder("final");
    model_ = command.file("model");
  }

  void read_final_refit(const ConfigSection& own) {
    const ChainStep& swept = *step_named("sweep");
    const NamedValues wired{
        {"directory", swept.sweep}, {"model", in_folder("final.h5")}, {"train-on", "all"}, {"epochs-of", model_}};
    const SectionCommand command = section_command(sweep_refit_job(), own, wired, chain_.file);
    const std::string winner = swept.outputs.front();
    ChainStep& step = add_step("final", sweep_refit_job(), command);
    step.resources = resources_like(chain_, *step_named("refit"), "final");
    step.inputs = {dataset_, winner, model_};
    model_ = command.file("model");
    step.outputs = {model_};
  }

  void read_recommend(const ConfigSection& section) {
    const NamedValues wired{{"data", dataset_}, {"model", model_}, {"output", in_folder("recommendations.csv")}};
    const SectionCommand command = section_command(recommend_job(), section, wired, chain_.file);
    take_files(add_step("recommend", recommend_job(), command), command, {"output"});
  }

  /// `side`: "users", "items", or empty where the section itself says.
  void read_kmeans(const ConfigSection& section, const std::string& side) {
    const std::string name = side.empty() ? "kmeans" : "kmeans-" + side;
    const std::string output = side.empty() ? "segments.h5" : fmt::format("segments-{}.h5", side);
    NamedValues wired{{"input", model_}, {"output", in_folder(output)}};
    if (!side.empty()) wired.emplace_back("rows", side);
    if (!has_entry(section, "predict")) std::ranges::copy(checkpoint_options(section, name), std::back_inserter(wired));
    const auto options = std::make_shared<KMeansJobOptions>();
    const SectionCommand command =
        section_command(into(options, kmeans_job(), describe_kmeans), section, wired, chain_.file);
    if (!side.empty() && options->source.side != (side == "users" ? RowSide::users : RowSide::items)) {
      refuse(section, "rows: expected those that its title names");
    }
    ChainStep& step = add_step(name, kmeans_job(), command);
    take_files(step, command, {"output", "quality", "export"});
    if (has_checkpoints_of(command, checkpoint_folder(name))) step.checkpoints = checkpoint_folder(name);
  }

  void require_heldout(const ConfigSection& section, const std::string& data) const {
    const ConfigSection* prepare = find("prepare");
    if (prepare == nullptr || holds_out_ || data != dataset_) return;
    refuse(section, "needs what was held out; expected split in [prepare], as in split = random:0.1");
  }

  void require_fitting_metrics(const ConfigSection& section, const std::string& model) const {
    const auto entry = std::ranges::find(section.entries, "metrics", &ConfigEntry::name);
    if (entry == section.entries.end() || entry->value == "auto" || model != implicit_model_) return;
    for (const EvaluationMetric& metric : parse_metrics(entry->value)) {
      if (metric.ranks()) continue;
      throw Error(
          ExitCode::usage,
          fmt::format("{}:{}: [evaluate] metrics {}: expected a model of explicit ratings; the chain's is implicit",
                      chain_.file, entry->line, metric.name));
    }
  }

  Chain& chain_;
  std::vector<ConfigSection> sections_;
  std::string dataset_;  // as the steps so far have it
  std::string model_;
  std::string implicit_model_;  // where the chain trains one whose objective is known beforehand
  bool holds_out_ = true;       // or may do so, where no step of the chain prepares
  bool trains_here_ = false;    // on the training part
};

}  // namespace

Chain read_chain(std::string_view text, const std::string& file_name, const std::string& scheduler) {
  std::vector<ConfigSection> sections = parse_chain(text, file_name);
  Chain chain;
  chain.file = file_name;
  ConfigSection& shared = *std::ranges::find(sections, "quarterly", &ConfigSection::name);
  chain.settings = read_chain_settings(shared, file_name, scheduler);
  // A scheduler that stands in for the file's own takes what it understands of it.
  if (!scheduler.empty()) {
    std::erase_if(shared.entries, [kind = chain.settings.run.scheduler](const ConfigEntry& entry) {
      return is_without_effect(entry.name, kind);
    });
  }
  chain.text = chain_text(sections, chain.settings.directory, scheduler);
  ChainReader(chain, sections).read();
  std::vector<std::string> steps;
  for (const ChainStep& step : chain.steps) steps.push_back(step.name.substr(0, step.name.find('-')));
  require_effect(shared, steps, chain.settings.run.scheduler, file_name);
  return chain;
}

std::string chain_path(const std::string& directory) {
  return (fs::path(directory) / "quarterly.ini").string();
}

Chain submitted_chain(const Communicator& comm, const std::string& directory) {
  const std::string path = chain_path(directory);
  std::string text = agree_on(comm, [&] {
    if (!comm.is_root()) return std::string();
    if (!fs::exists(path)) {
      throw Error(ExitCode::no_input, fmt::format("{}: there is no such file; expected the folder of a chain that was "
                                                  "submitted",
                                                  path));
    }
    return read_small_file(path);
  });
  comm.broadcast(text);
  return agree_on(comm, [&] { return read_chain(text, path, ""); });
}

}  // namespace rankwise
