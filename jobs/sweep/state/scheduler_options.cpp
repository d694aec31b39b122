#include "jobs/sweep/state/scheduler_options.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <string>
#include <vector>

#include "jobs/options/choices.hpp"
#include "jobs/options/folder_locking.hpp"
#include "slurm/batch/array_script.hpp"
#include "slurm/batch/client_environment.hpp"

namespace rankwise {

namespace {

/// What is asked for; "none" takes back what an earlier command asked for.
std::string request(const std::string& text) {
  return text == no_request ? std::string() : text;
}

std::vector<std::string> requests(const std::vector<std::string>& lines) {
  if (std::ranges::find(lines, no_request) == lines.end()) return lines;
  if (lines.size() == 1) return {};
  throw Error(ExitCode::usage, "--sbatch-option none: takes all of them back; expected no other one beside it");
}

}  // namespace

void tell_sbatch_variables(const slurm::BatchRequest& batch, Report& report) {
  const std::string script = slurm::request_text(batch);
  if (const std::vector<std::string> used = slurm::places_for(script); !used.empty()) {
    report.line(fmt::format("{} of the environment: used, since no option says otherwise", fmt::join(used, ", ")));
  }
  const std::vector<std::string> dropped = slurm::dropped_beside(script);
  if (dropped.empty()) return;
  report.warning(
      fmt::format("{} of the environment: no effect here; expected options of this command instead, such as "
                  "--partition or --sbatch-option",
                  fmt::join(dropped, ", ")));
}

void describe_locking(boost::program_options::options_description& description,
                      std::vector<SettingChanges::Change>& given) {
  const SettingChanges changes(given);
  description.add_options()(
      "lock",
      changes.to(+[](RunSettings& settings, const std::string& text) { settings.locking = locking_of(text); })
          ->value_name("auto|off"),
      lock_option_meaning);
}

void describe_scheduler(boost::program_options::options_description& description,
                        std::vector<SettingChanges::Change>& given) {
  const RunSettings defaults;
  const SettingChanges changes(given);
  using Text = std::string;
  using Number = std::int64_t;
  // clang-format off
  description.add_options()
    ("scheduler", changes.to(+[](RunSettings& settings, const Text& text) {
       one_of<SchedulerKind>("scheduler", settings.scheduler, {{"local", SchedulerKind::local}, {"slurm", SchedulerKind::slurm}})(text); })->value_name("local|slurm"),
     "local (without it): several tasks at a time on this machine, as long as this command runs; slurm: job arrays")
    ("cores", changes.to(+[](RunSettings& settings, const Number& cores) { within<Number>("cores", 1, 1'000'000)(cores); settings.cores = cores; })->value_name("N"),
     "local: of all tasks together; without it as many as here")
    ("signal", changes.to(+[](RunSettings& settings, const Number& seconds) { within<Number>("signal", 1, 86'400)(seconds); settings.signal_seconds = seconds; })->value_name("SECONDS"),
     fmt::format("before the limit, to write that checkpoint; without it {}", defaults.signal_seconds).c_str())
    ("partition", changes.to(+[](RunSettings& settings, const Text& text) { settings.batch.partition = request(text); })->value_name("NAME"), "slurm: without it, or with none, the cluster's default")
    ("account", changes.to(+[](RunSettings& settings, const Text& text) { settings.batch.account = request(text); })->value_name("NAME"), "slurm: likewise")
    ("qos", changes.to(+[](RunSettings& settings, const Text& text) { settings.batch.qos = request(text); })->value_name("NAME"), "slurm: likewise")
    ("constraint", changes.to(+[](RunSettings& settings, const Text& text) { settings.batch.constraint = request(text); })->value_name("TEXT"), "slurm: likewise")
    ("sbatch-option", changes.to(+[](RunSettings& settings, const std::vector<Text>& lines) { settings.batch.extra_lines = requests(lines); })->value_name("TEXT"),
     "slurm: a further option of sbatch, as in --licenses=tape:1; may be repeated; none: no more");
  // clang-format on
}

}  // namespace rankwise
