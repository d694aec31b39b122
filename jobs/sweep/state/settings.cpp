#include "jobs/sweep/state/settings.hpp"

#include <filesystem>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/config/json_fields.hpp"
#include "io/config/json_text.hpp"
#include "jobs/options/folder_locking.hpp"
#include "kernels/base/error.hpp"
#include "kernels/process/small_file.hpp"

namespace rankwise {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

std::string settings_path(const std::string& directory) {
  return (fs::path(directory) / "run.json").string();
}

std::string mark_path(const std::string& directory) {
  return (fs::path(directory) / "cancelled").string();
}

// What the options of sweep run take.
constexpr std::int64_t most_cores = 1'000'000;
constexpr std::int64_t most_bytes = std::int64_t{1} << 62;
constexpr std::int64_t most_retries = 1000;
constexpr std::int64_t most_seconds = 1'000'000'000;
constexpr std::int64_t most_signal_seconds = 86'400;
constexpr std::int64_t most_cores_per_node = 100'000;
constexpr double most_safety = 100;
constexpr std::int64_t most_jobs_at_once = 1'000'000;
constexpr std::int64_t most_tasks_per_job = 10'000;
constexpr std::int64_t most_submissions = 1'000'000'000;

/// run.json.
template <class Fields, class Settings>
void list_members(Fields& fields, Settings& settings) {
  fields.one_of("scheduler", settings.scheduler, {{"local", SchedulerKind::local}, {"slurm", SchedulerKind::slurm}});
  if (fields.has("data")) fields.text("data", settings.data);
  fields.whole("cores", settings.cores, 0, most_cores);
  fields.whole("memory_bytes", settings.memory_bytes, 0, most_bytes);
  fields.whole("max_retries", settings.most_retries, 0, most_retries);
  fields.whole("time_limit_seconds", settings.time_limit_seconds, 0, most_seconds);
  fields.whole("signal_seconds", settings.signal_seconds, 1, most_signal_seconds);
  fields.whole("cores_per_node", settings.cores_per_node, 0, most_cores_per_node);
  fields.number("memory_safety", settings.memory_safety, 1, most_safety);
  fields.flag("asks_for_memory", settings.asks_for_memory);
  fields.text("partition", settings.batch.partition);
  fields.text("account", settings.batch.account);
  fields.text("qos", settings.batch.qos);
  fields.text("constraint", settings.batch.constraint);
  fields.texts("extra_lines", settings.batch.extra_lines);
  fields.whole("jobs_at_once", settings.batch.jobs_at_once, 0, most_jobs_at_once);
  fields.whole("tasks_per_job", settings.tasks_per_job, 0, most_tasks_per_job);
  fields.whole("items_at_once", settings.batch.items_at_once, 1, most_tasks_per_job);
  fields.text("refit_model", settings.refit_model);
  fields.text("refit_metrics", settings.refit_metrics);
  if (fields.has("lock")) {
    fields.one_of("lock", settings.locking, {{"auto", Locking::automatic}, {"off", Locking::off}});
  }
  fields.whole("submissions", settings.submissions, 0, most_submissions);
  fields.wholes("forgiven", settings.forgiven, 0, most_submissions);
}

}  // namespace

RunSettings parse_settings(const std::string& text, const std::string& path) {
  RunSettings settings;
  FieldReader fields(RecordedValue::parse(text, path));
  list_members(fields, settings);
  return settings;
}

std::optional<RunSettings> read_settings(const std::string& directory) {
  const std::string path = settings_path(directory);
  if (!fs::exists(path)) return std::nullopt;
  return parse_settings(read_small_file(path), path);
}

void write_settings(const std::string& directory, const RunSettings& settings) {
  Json json;
  FieldWriter fields(json);
  list_members(fields, settings);
  replace_file(settings_path(directory), json_text(json, 1) + "\n");
}

bool is_cancelled(const std::string& directory) {
  return fs::exists(mark_path(directory));
}

void mark_cancelled(const std::string& directory) {
  replace_file(mark_path(directory), "");
}

void unmark_cancelled(const std::string& directory) {
  std::error_code ignored;
  fs::remove(mark_path(directory), ignored);
}

}  // namespace rankwise
