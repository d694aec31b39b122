#include "jobs/quarterly/chain/settings.hpp"

#include <algorithm>
#include <array>
#include <boost/program_options.hpp>
#include <filesystem>
#include <fmt/format.h>
#include <functional>

#include "jobs/options/choices.hpp"
#include "jobs/options/file_option.hpp"
#include "jobs/options/folder_files.hpp"
#include "jobs/options/options.hpp"
#include "jobs/options/section_options.hpp"
#include "jobs/options/unit_options.hpp"
#include "jobs/sweep/state/scheduler_options.hpp"

namespace rankwise {

namespace {

namespace po = boost::program_options;

constexpr std::array<std::string_view, 16> all_steps{
    "prepare", "sweep",   "als",    "itemcf",    "refit",    "evaluate", "gate",     "final",
    "serve",   "profile", "kmeans", "recommend", "segments", "measure",  "campaign", "page"};

/// What only Slurm understands; nodes of one step too.
constexpr std::array<std::string_view, 6> slurm_options{"partition",  "account",       "qos",
                                                        "constraint", "sbatch-option", "nodes"};

/// Adds nodes, ranks and the like under the step's name.
void describe_needs(po::options_description& description, const std::string& step, StepNeeds& needs) {
  const std::string prefix = step.empty() ? "" : step + ".";
  const auto add = [&](const char* name, auto* value, const char* kind, const char* meaning) {
    description.add_options()((prefix + name).c_str(), value->value_name(kind), meaning);
  };
  const auto number = [&](const char* name, std::optional<std::int64_t>& target, std::int64_t most) {
    const std::string option = prefix + name;
    return po::value<std::int64_t>()->notifier([option, &target, most](std::int64_t value) {
      within<std::int64_t>(option, 1, most)(value);
      target = value;
    });
  };
  add("memory", po::value<std::string>()->notifier([option = prefix + "memory", &needs](const std::string& text) {
    needs.memory_bytes = parse_bytes(option, text);
  }),
      "BYTES", "of a node");
  add("time-limit",
      po::value<std::string>()->notifier([option = prefix + "time-limit", &needs](const std::string& text) {
        needs.time_limit_seconds = parse_whole_seconds(option, text);
      }),
      "TIME", "of one run, as in 4h or 1-12:00:00");
  if (step == "sweep") return;  // its trials have theirs in [sweep]
  add("nodes", number("nodes", needs.nodes, 100'000), "N", "nodes");
  add("ranks", number("ranks", needs.ranks, 100'000), "N", "MPI ranks over all nodes");
  add("threads-per-rank", number("threads-per-rank", needs.threads_per_rank, 4096), "N", "threads of each rank");
}

/// [quarterly] as the options of a job; what is given goes into `settings` and `changes`, which outlive it.
Job settings_job(ChainSettings& settings, std::vector<SettingChanges::Change>& changes) {
  Job job;
  job.name = "quarterly";
  job.describe = [&](po::options_description& description) -> RunJob {
    description.add_options()("directory", written_folder(&settings.directory, chain_folder_files)->required(),
                              "of all files of the chain");
    description.add_options()("previous", read_folder(&settings.previous, {"products.ini"}),
                              "folder of last quarter's chain");
    description.add_options()("warm-start", po::value(&settings.warm_starts)->value_name("yes|no"),
                              "begin als at last quarter's model");
    description.add_options()("gate", po::value(&settings.has_gate)->value_name("yes|no"),
                              "serve the new model only if it is not worse than last quarter's");
    description.add_options()("page", po::value(&settings.has_page)->value_name("yes|no"),
                              "write a page of the quarter");
    description.add_options()("final", po::value(&settings.trains_final)->value_name("yes|no"),
                              "train the model that serves on everything, once it is measured");
    describe_scheduler(description, changes);
    describe_locking(description, changes);
    describe_needs(description, "", settings.needs[""]);
    for (const std::string_view step : all_steps) {
      describe_needs(description, std::string(step), settings.needs[std::string(step)]);
    }
    return [](JobContext&) {};
  };
  return job;
}

}  // namespace

bool setting_may_repeat(const std::string& option) {
  ChainSettings settings;
  std::vector<SettingChanges::Change> changes;
  return JobOptions(settings_job(settings, changes)).may_repeat(option);
}

bool is_without_effect(std::string_view option, SchedulerKind scheduler) {
  const std::string_view name = option.substr(option.find('.') + 1);
  if (scheduler == SchedulerKind::slurm) return name == "cores";
  return std::ranges::find(slurm_options, name) != slurm_options.end();
}

void require_effect(const ConfigSection& section, const std::vector<std::string>& steps, SchedulerKind scheduler,
                    const std::string& file_name) {
  const auto has = [&steps](const std::string& step) { return std::ranges::find(steps, step) != steps.end(); };
  const auto refuse = [&](const ConfigEntry& entry, const std::string& reason) {
    throw Error(ExitCode::usage, fmt::format("{}:{}: [quarterly] {}: {}", file_name, entry.line, entry.name, reason));
  };
  for (const ConfigEntry& entry : section.entries) {
    if (is_without_effect(entry.name, scheduler)) {
      refuse(entry, scheduler == SchedulerKind::local ? "has a meaning only with scheduler = slurm"
                                                      : "has a meaning only with scheduler = local");
    }
    const std::size_t dot = entry.name.find('.');
    const std::string step = entry.name.substr(0, dot);
    if (dot == std::string::npos || has(step)) continue;
    const std::string training = has("als") ? "als" : has("refit") ? "refit" : "itemcf";
    const bool is_training = (step == "als" || step == "refit" || step == "itemcf") && has(training);
    refuse(entry, is_training
                      ? fmt::format("the chain trains in {0}; expected {0}{1}", training, entry.name.substr(dot))
                      : fmt::format("the chain has no step {}", step));
  }
}

ChainSettings read_chain_settings(const ConfigSection& section, const std::string& file_name,
                                  const std::string& scheduler) {
  ChainSettings settings;
  settings.run.scheduler = SchedulerKind::slurm;
  std::vector<SettingChanges::Change> changes;
  JobOptions options(settings_job(settings, changes));
  try {
    if (!scheduler.empty()) options.parse_command_line(std::vector<std::string>{"--scheduler", scheduler});
    options.parse_entries(section.entries, file_name);
    options.resolve(1);
  } catch (const Error& error) {
    throw located(error, section, file_name);
  }
  for (const SettingChanges::Change& change : changes) change(settings.run);
  for (std::string* folder : {&settings.directory, &settings.previous}) {
    if (!folder->empty()) *folder = std::filesystem::absolute(*folder).lexically_normal().string();
  }
  return settings;
}

}  // namespace rankwise
