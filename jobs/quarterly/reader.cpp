// From a chain's file to a chain.

#include <algorithm>
#include <array>
#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <iterator>

#include "jobs/als/als.hpp"
#include "jobs/data/prepare.hpp"
#include "jobs/evaluate/evaluate.hpp"
#include "jobs/evaluate/metrics.hpp"
#include "jobs/kmeans/kmeans.hpp"
#include "jobs/options/section_options.hpp"
#include "jobs/quarterly/chain.hpp"
#include "jobs/quarterly/file.hpp"
#include "jobs/recommend/recommend.hpp"
#include "jobs/sweep/planning.hpp"
#include "jobs/sweep/refit.hpp"
#include "jobs/sweep/run.hpp"

namespace rankwise {

namespace {

namespace fs = std::filesystem;

/// What the step that looks on while a sweep runs asks for, unless it is said; it comes back as often as needed.
constexpr std::int64_t looking_memory_bytes = std::int64_t{1} << 30;
constexpr std::int64_t looking_seconds = std::int64_t{4} * 3600;

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
    find_predecessors();
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
    step.resources = resources_of(name.substr(0, name.find('-')));
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
  /// Of a step that trains again what `like` has trained: as that one, unless it has needs of its own.
  [[nodiscard]] slurm::Resources resources_like(const ChainStep& like, const std::string& step) const {
    slurm::Resources resources = like.resources;
    const auto found = chain_.settings.needs.find(step);
    if (found == chain_.settings.needs.end()) return resources;
    const StepNeeds& needs = found->second;
    resources.memory_bytes_per_node = needs.memory_bytes.value_or(resources.memory_bytes_per_node);
    resources.time_limit_seconds = needs.time_limit_seconds.value_or(resources.time_limit_seconds);
    resources.nodes = needs.nodes.value_or(resources.nodes);
    resources.tasks = needs.ranks.value_or(std::max(resources.tasks, resources.nodes));
    resources.cpus_per_task = needs.threads_per_rank.value_or(resources.cpus_per_task);
    require_rank_on_each_node(resources, step);
    return resources;
  }
  void require_rank_on_each_node(const slurm::Resources& resources, const std::string& step) const {
    if (resources.tasks >= resources.nodes) return;
    throw Error(ExitCode::usage,
                fmt::format("{}: [quarterly] {} ranks on {} nodes for {}; expected at least one on each", chain_.file,
                            resources.tasks, resources.nodes, step));
  }
  [[nodiscard]] slurm::Resources resources_of(const std::string& step) const {
    const ChainSettings& settings = chain_.settings;
    slurm::Resources resources;
    const bool looks_on = step == "sweep";
    resources.memory_bytes_per_node =
        settings.need(step, &StepNeeds::memory_bytes).value_or(looks_on ? looking_memory_bytes : 0);
    resources.time_limit_seconds =
        settings.need(step, &StepNeeds::time_limit_seconds).value_or(looks_on ? looking_seconds : 0);
    if (looks_on) return resources;
    resources.nodes = settings.need(step, &StepNeeds::nodes).value_or(1);
    resources.tasks = settings.need(step, &StepNeeds::ranks).value_or(resources.nodes);
    resources.cpus_per_task = settings.need(step, &StepNeeds::threads_per_rank).value_or(1);
    require_rank_on_each_node(resources, step);
    return resources;
  }
  /// Wires a folder of checkpoints, unless the section names its own.
  [[nodiscard]] NamedValues checkpoint_options(const ConfigSection& section, const std::string& step) const {
    const auto has = [&section](const char* name) {
      return std::ranges::find(section.entries, name, &ConfigEntry::name) != section.entries.end();
    };
    if (has("checkpoint")) return {};
    NamedValues options{{"checkpoint", checkpoint_folder(step)}};
    if (!has("checkpoint-every") && !has("checkpoint-interval"))
      options.emplace_back("checkpoint-interval", "00:10:00");
    return options;
  }
  /// A number that the section has, else 1.
  [[nodiscard]] static std::int64_t count_in(const ConfigSection& section, const char* name) {
    const auto entry = std::ranges::find(section.entries, name, &ConfigEntry::name);
    return entry == section.entries.end() ? 1 : std::stoll(entry->value);
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
    const SectionCommand command = section_command(prepare_job(), section, {{"output", dataset_}}, chain_.file);
    dataset_ = command.file("output");
    holds_out_ = (command.configuration + "\n").find("\nsplit = none\n") == std::string::npos;
    take_files(add_step("prepare", prepare_job(), command), command, {"output"});
  }

  void read_sweep(const ConfigSection& section) {
    for (const ConfigEntry& entry : section.entries) {
      for (const char* name : {"directory", "job"}) {
        if (entry.name != name) continue;
        throw Error(ExitCode::usage,
                    fmt::format("{}:{}: [sweep] {}: the chain sweeps als in DIR/sweep; expected no such option",
                                chain_.file, entry.line, name));
      }
    }
    if (find("als") != nullptr) refuse(section, "and [als] both train; expected one of them");
    const std::string folder = in_folder("sweep");
    ConfigSection planned = section;
    ConfigSection run = section;
    std::erase_if(planned.entries, is_run_option);
    std::erase_if(run.entries, [](const ConfigEntry& entry) { return !is_run_option(entry); });
    const SectionCommand plan =
        section_command(sweep_plan_job(), planned, {{"directory", folder}, {"data", dataset_}}, chain_.file);
    dataset_ = plan.file("data");
    NamedValues run_values = scheduler_options(chain_.settings.run);
    run_values.insert(run_values.begin(), {"directory", folder});
    SectionCommand drive = section_command(sweep_run_job(), run, run_values, chain_.file);
    drive.arguments.emplace_back("--reset");  // what an earlier file asked for does not stay
    if (chain_.settings.run.scheduler == SchedulerKind::slurm) drive.arguments.emplace_back("--wait");
    const std::string winner = (fs::path(folder) / "results" / "winner.ini").string();

    ChainStep& step = add_step("sweep", sweep_plan_job(), plan);
    step.commands.push_back({sweep_run_job(), drive.arguments});
    step.sweep = folder;
    step.outputs = {winner};
    take_files(step, plan, {});
    std::erase_if(step.inputs, [this](const std::string& path) { return path != dataset_; });  // not the older sweeps

    const ConfigSection* section_of_refit = find("refit");
    const ConfigSection refit =
        section_of_refit != nullptr ? *section_of_refit : ConfigSection{"refit", section.line, {}};
    const SectionCommand command =
        section_command(sweep_refit_job(), refit, {{"directory", folder}, {"model", model_}}, chain_.file);
    model_ = command.file("model");
    const auto objective = std::ranges::find(section.entries, "objective", &ConfigEntry::name);
    if (objective == section.entries.end() || objective->value == "implicit") implicit_model_ = model_;
    ChainStep& training = add_step("refit", sweep_refit_job(), command);
    const ChainSettings& settings = chain_.settings;
    if (!settings.need("refit", &StepNeeds::ranks))
      training.resources.tasks = std::max(training.resources.nodes, count_in(section, "ranks"));
    if (!settings.need("refit", &StepNeeds::threads_per_rank))
      training.resources.cpus_per_task = count_in(section, "threads-per-rank");
    training.inputs = {dataset_, winner};
    training.outputs = {model_};
    trains_here_ = true;
    if (const std::string metrics = command.file("metrics"); !metrics.empty()) training.outputs.push_back(metrics);
  }

  void read_als(const ConfigSection& section) {
    NamedValues wired{{"data", dataset_}, {"model", model_}};
    std::ranges::copy(checkpoint_options(section, "als"), std::back_inserter(wired));
    const SectionCommand command = section_command(als_job(), section, wired, chain_.file);
    dataset_ = command.file("data");
    model_ = command.file("model");
    if (command.configuration.find("\nobjective = implicit\n") != std::string::npos) implicit_model_ = model_;
    if (command.configuration.find("\nvalidation-metric = ") != std::string::npos) require_heldout(section, dataset_);
    trains_here_ = command.configuration.find("\ntrain-on = all\n") == std::string::npos;
    ChainStep& step = add_step("als", als_job(), command);
    take_files(step, command, {"model"});
    if (has_checkpoints_of(command, checkpoint_folder("als"))) step.checkpoints = checkpoint_folder("als");
  }

  void read_evaluate(const ConfigSection& section) {
    const NamedValues wired{{"data", dataset_}, {"model", model_}, {"output", in_folder("metrics.json")}};
    const SectionCommand command = section_command(evaluate_job(), section, wired, chain_.file);
    require_heldout(section, command.file("data"));
    require_fitting_metrics(section, command.file("model"));
    take_files(add_step("evaluate", evaluate_job(), command), command, {"output"});
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
    step.resources = resources_like(*step_named("als"), "final");
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
    step.resources = resources_like(*step_named("refit"), "final");
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
    if (!side.empty()) {
      for (const ConfigEntry& entry : section.entries) {
        if (entry.name == "rows" && entry.value != side) refuse(section, "rows: expected those that its title names");
      }
      wired.emplace_back("rows", side);
    }
    const bool predicts = std::ranges::find(section.entries, "predict", &ConfigEntry::name) != section.entries.end();
    if (!predicts) std::ranges::copy(checkpoint_options(section, name), std::back_inserter(wired));
    const SectionCommand command = section_command(kmeans_job(), section, wired, chain_.file);
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

  void find_predecessors() {
    std::map<std::string, std::size_t> writers;
    for (std::size_t place = 0; place < chain_.steps.size(); ++place) {
      ChainStep& step = chain_.steps[place];
      for (const std::string& path : step.inputs) {
        const auto writer = writers.find(path);
        if (writer != writers.end()) step.after.push_back(writer->second);
      }
      // Only a model whose options have been measured is trained to serve.
      if (step.name == "final" && find("evaluate") != nullptr) {
        step.after.push_back(static_cast<std::size_t>(step_named("evaluate") - chain_.steps.data()));
      }
      std::ranges::sort(step.after);
      step.after.erase(std::unique(step.after.begin(), step.after.end()), step.after.end());
      for (const std::string& path : step.outputs) {
        const auto [other, is_new] = writers.emplace(path, place);
        if (is_new) continue;
        throw Error(ExitCode::usage, fmt::format("{}: {} and {} both write {}", chain_.file,
                                                 chain_.steps[other->second].name, step.name, path));
      }
    }
    require_earlier_writers(writers);
  }
  /// What a step reads must last: it would else never be done.
  void require_earlier_writers(const std::map<std::string, std::size_t>& writers) const {
    for (std::size_t place = 0; place < chain_.steps.size(); ++place) {
      const ChainStep& step = chain_.steps[place];
      for (const std::string& path : step.inputs) {
        const auto writer = writers.find(path);
        if (writer == writers.end() || writer->second < place) continue;
        throw Error(
            ExitCode::usage,
            fmt::format("{}: {} reads {}, which {} writes; expected a file that no step writes, or one before it",
                        chain_.file, step.name, path, chain_.steps[writer->second].name));
      }
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

}  // namespace rankwise
