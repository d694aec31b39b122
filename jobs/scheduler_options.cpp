#include "jobs/scheduler_options.hpp"

#include <fmt/format.h>
#include <string>

#include "jobs/choices.hpp"

namespace rankwise {

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
    ("partition", changes.to(+[](RunSettings& settings, const Text& text) { settings.batch.partition = text; })->value_name("NAME"), "slurm: without it the cluster's default")
    ("account", changes.to(+[](RunSettings& settings, const Text& text) { settings.batch.account = text; })->value_name("NAME"), "slurm: likewise")
    ("qos", changes.to(+[](RunSettings& settings, const Text& text) { settings.batch.qos = text; })->value_name("NAME"), "slurm: likewise")
    ("constraint", changes.to(+[](RunSettings& settings, const Text& text) { settings.batch.constraint = text; })->value_name("TEXT"), "slurm: likewise")
    ("sbatch-option", changes.to(+[](RunSettings& settings, const std::vector<Text>& lines) { settings.batch.extra_lines = lines; })->value_name("TEXT"),
     "slurm: a further option of sbatch, as in --licenses=tape:1; may be repeated");
  // clang-format on
}

}  // namespace rankwise
