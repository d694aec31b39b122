#include "jobs/quarterly/reader.hpp"

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
#include "jobs/evaluate/evaluate.hpp"
#include "jobs/evaluate/metrics.hpp"
#include "jobs/itemcf/itemcf.hpp"
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

/// A model that the chain trains.
struct ChainModel {
  std::string job;           ///< "als" or "itemcf", also of a sweep
  std::string path;          ///< of the model that is measured, or of the one that serves, once that is read
  std::string step;          ///< that trains it
  bool ranks_alone = false;  ///< it is known to predict no ratings
  bool is_of_part = false;   ///< trained on the training part
  std::string suffix;        ///< of its steps after the training: "-itemcf" of the second model, else empty
  [[nodiscard]] bool is_second() const { return !suffix.empty(); }
  /// "evaluate", or "evaluate itemcf" of the second model.
  [[nodiscard]] std::string section(const std::string& name) const { return is_second() ? name + " " + job : name; }
};

/// Reads step after step; what one writes is what the next ones read, unless their sections say otherwise.
class ChainReader {
 public:
  ChainReader(Chain& chain, std::vector<ConfigSection> sections)
      : chain_(chain), sections_(std::move(sections)), dataset_(in_folder("dataset.h5")) {}

  void read() {
    if (const ConfigSection* section = find("prepare")) read_prepare(*section);
    if (const ConfigSection* section = find("sweep")) read_sweep(*section);
    if (const ConfigSection* section = find("als")) read_als(*section);
    if (const ConfigSection* section = find("itemcf")) read_itemcf(*section);
    if (models_.empty()) models_.push_back({.job = "als", .path = in_folder("model.h5"), .step = {}, .suffix = {}});
    for (ChainModel& model : models_) {
      if (const ConfigSection* section = find(model.section("evaluate"))) read_evaluate(*section, model);
    }
    for (ChainModel& model : models_) read_final(model);
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
  void read_refit(const ConfigSection& swept, const SweepPlanOptions& options) {
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
                                                              .suffix = {}});
    ChainStep& step = add_step("refit", sweep_refit_job(), command);
    const ChainSettings& settings = chain_.settings;
    if (!settings.need("refit", &StepNeeds::ranks))
      step.resources.tasks = std::max(step.resources.nodes, std::int64_t{options.ranks});
    if (!settings.need("refit", &StepNeeds::threads_per_rank)) step.resources.cpus_per_task = options.threads_per_rank;
    step.inputs = {dataset_, winner};
    step.outputs = {model.path};
    if (const std::string metrics = command.file("metrics"); !metrics.empty()) step.outputs.push_back(metrics);
  }

  void read_als(const ConfigSection& section) {
    NamedValues wired{{"data", dataset_}, {"model", in_folder("model.h5")}};
    std::ranges::copy(checkpoint_options(section, "als"), std::back_inserter(wired));
    const auto options = std::make_shared<AlsOptions>();
    const SectionCommand command = section_command(into(options, als_job(), describe_als), section, wired, chain_.file);
    dataset_ = command.file("data");
    if (options->validation->metric) require_heldout(section, dataset_);
    models_.push_back({.job = "als",
                       .path = command.file("model"),
                       .step = "als",
                       .ranks_alone = options->objective.loss == LossKind::implicit_feedback,
                       .is_of_part = options->trained_on != TrainedOn::all,
                       .suffix = {}});
    ChainStep& step = add_step("als", als_job(), command);
    step.data = dataset_;
    step.epochs = options->epochs;
    take_files(step, command, {"model"});
    if (has_checkpoints_of(command, checkpoint_folder("als"))) step.checkpoints = checkpoint_folder("als");
  }

  /// The only model, or the second one beside factors.
  void read_itemcf(const ConfigSection& section) {
    const std::string suffix = models_.empty() ? "" : "-itemcf";
    const auto options = std::make_shared<ItemcfOptions>();
    const NamedValues wired{{"data", dataset_}, {"model", in_folder(suffix.empty() ? "model.h5" : "items.h5")}};
    const SectionCommand command =
        section_command(into(options, itemcf_job(), describe_itemcf_job), section, wired, chain_.file);
    if (!suffix.empty() && command.file("data") != dataset_) {
      refuse(section, "data: expected the dataset of the chain's other model");
    }
    dataset_ = command.file("data");
    models_.push_back({.job = "itemcf",
                       .path = command.file("model"),
                       .step = "itemcf",
                       .ranks_alone = true,
                       .is_of_part = options->trained_on != TrainedOn::all,
                       .suffix = suffix});
    take_files(add_step("itemcf", itemcf_job(), command), command, {"model"});
  }

  void read_evaluate(const ConfigSection& section, const ChainModel& model) {
    const std::string output = in_folder(model.is_second() ? "items-metrics.json" : "metrics.json");
    const NamedValues wired{{"data", dataset_}, {"model", model.path}, {"output", output}};
    const SectionCommand command = section_command(evaluate_job(), section, wired, chain_.file);
    require_heldout(section, command.file("data"));
    if (model.ranks_alone && command.file("model") == model.path) require_ranking_metrics(section, model);
    take_files(add_step("evaluate" + model.suffix, evaluate_job(), command), command, {"output", "report", "per-user"});
  }

  /// Trains the model that was measured once more, on everything, for those that serve.
  void read_final(ChainModel& model) {
    const ConfigSection* own = find(model.section("final"));
    if (!chain_.settings.trains_final) {
      if (own != nullptr) refuse(*own, "has a meaning only without final = no in [quarterly]");
      return;
    }
    // With nothing held out the model has seen everything.
    if (!model.is_of_part || !holds_out_) {
      if (own != nullptr)
        refuse(*own, "has a meaning only if something is held out, which the model is trained on then");
      return;
    }
    const ConfigSection section = own != nullptr ? *own : ConfigSection{model.section("final"), 0, {}};
    ChainStep& step = model.step == "refit" ? add_final_refit(section, model) : add_final_training(section, model);
    step.resources = resources_like(chain_, *step_named(model.step), "final");
    step.repeats = model.step;
    model.path = step.outputs.front();
  }

  [[nodiscard]] std::string final_path(const ChainModel& model) const {
    return in_folder(model.is_second() ? "items-final.h5" : "final.h5");
  }

  /// By the options of the training's own section.
  ChainStep& add_final_training(const ConfigSection& own, const ChainModel& model) {
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
    NamedValues wired{{"data", dataset_}, {"model", final_path(model)}, {"train-on", "all"}};
    if (is_als) {
      wired.emplace_back("epochs-of", model.path);
      std::ranges::copy(checkpoint_options(section, name), std::back_inserter(wired));
    }
    const Job job = is_als ? als_job() : itemcf_job();
    const SectionCommand command = section_command(job, section, wired, chain_.file);
    ChainStep& step = add_step(name, job, command);
    step.inputs = {dataset_};
    take_files(step, command, {"model"});
    if (has_checkpoints_of(command, checkpoint_folder(name))) step.checkpoints = checkpoint_folder(name);
    return step;
  }

  ChainStep& add_final_refit(const ConfigSection& own, const ChainModel& model) {
    const ChainStep swept = *step_named("sweep");
    NamedValues wired{{"directory", swept.sweep}, {"model", final_path(model)}, {"train-on", "all"}};
    if (model.job == "als") wired.emplace_back("epochs-of", model.path);
    const SectionCommand command = section_command(sweep_refit_job(), own, wired, chain_.file);
    ChainStep& step = add_step("final", sweep_refit_job(), command);
    step.inputs = {dataset_, swept.outputs.front(), model.path};
    step.outputs = {command.file("model")};
    return step;
  }

  /// The chain's model that a section means by the word `wanted`, or the only one if there is no word.
  [[nodiscard]] const ChainModel& chosen_model(const ConfigSection& section, const std::string& wanted) const {
    if (wanted.empty() && models_.size() == 1) return models_.front();
    if (wanted.empty()) {
      refuse(section, "model is missing: the chain trains als and itemcf; expected model = als or model = itemcf");
    }
    const auto found = std::ranges::find(models_, wanted, &ChainModel::job);
    if (found != models_.end() && !found->step.empty()) return *found;
    refuse(section, fmt::format("model {0}: the chain trains no {0}; expected ./{0} if it is a file", wanted));
  }

  /// A step is finished once the files that it names exist, which a list in several files is not among.
  void require_one_file(const ConfigSection& section, const SectionCommand& command) const {
    for (const char* option : {"split-by-segment", "shards"}) {
      if (std::ranges::find(command.arguments, fmt::format("--{}", option)) == command.arguments.end()) continue;
      const auto entry = std::ranges::find(section.entries, option, &ConfigEntry::name);
      throw Error(ExitCode::usage,
                  fmt::format("{}:{}: [{}] {}: a chain knows the lists by one file, and this writes several; expected "
                              "no {}, and after the chain rankwise recommend --{} by hand",
                              chain_.file, entry->line, section.name, option, option, option));
    }
  }

  /// `model` may be a word for one of the chain's models. Lists of several models at once would be said here too.
  void read_recommend(const ConfigSection& section) {
    ConfigSection own = section;
    const auto model = std::ranges::find(own.entries, "model", &ConfigEntry::name);
    const bool names_file = model != own.entries.end() && fs::path(model->value).is_absolute();
    const std::string wanted = model == own.entries.end() || names_file ? std::string() : model->value;
    NamedValues wired{{"data", dataset_}, {"output", in_folder("recommendations.csv")}};
    if (!names_file) {
      wired.emplace_back("model", chosen_model(section, wanted).path);
      if (model != own.entries.end()) own.entries.erase(model);
    }
    const SectionCommand command = section_command(recommend_job(), own, wired, chain_.file);
    require_one_file(section, command);
    take_files(add_step("recommend", recommend_job(), command), command, {"output"});
  }

  /// `side`: "users", "items", or empty where the section itself says.
  void read_kmeans(const ConfigSection& section, const std::string& side) {
    const std::string name = side.empty() ? "kmeans" : "kmeans-" + side;
    const std::string output = side.empty() ? "segments.h5" : fmt::format("segments-{}.h5", side);
    if (models_.front().job == "itemcf" && !has_entry(section, "input")) {
      refuse(section,
             "input is missing: segments are of factors, which an item model does not have; expected "
             "input = FILE, or [als] beside [itemcf]");
    }
    NamedValues wired{{"input", models_.front().path}, {"output", in_folder(output)}};
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

  void require_ranking_metrics(const ConfigSection& section, const ChainModel& model) const {
    const auto entry = std::ranges::find(section.entries, "metrics", &ConfigEntry::name);
    if (entry == section.entries.end() || entry->value == "auto") return;
    for (const EvaluationMetric& metric : parse_metrics(entry->value)) {
      if (metric.ranks()) continue;
      throw Error(
          ExitCode::usage,
          fmt::format("{}:{}: [{}] metrics {}: expected a model of explicit ratings; the chain's is {}", chain_.file,
                      entry->line, section.name, metric.name, model.job == "itemcf" ? "an item model" : "implicit"));
    }
  }

  Chain& chain_;
  std::vector<ConfigSection> sections_;
  std::string dataset_;             // as the steps so far have it
  std::vector<ChainModel> models_;  // at most factors and items, in this order; one without a step if none is trained
  bool holds_out_ = true;           // or may do so, where no step of the chain prepares
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
