#include "jobs/sweep/state/settings.hpp"

#include <filesystem>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/config/json_text.hpp"
#include "io/config/recorded_value.hpp"
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

RunSettings settings_of(const RecordedValue& json) {
  RunSettings settings;
  const auto whole = [&json](const char* name, std::int64_t least, std::int64_t most) {
    return json.at(name).whole(least, most);
  };
  settings.scheduler =
      json.at("scheduler").one_of<SchedulerKind>({{"local", SchedulerKind::local}, {"slurm", SchedulerKind::slurm}});
  if (const auto data = json.find("data")) settings.data = data->text();
  settings.cores = whole("cores", 0, most_cores);
  settings.memory_bytes = whole("memory_bytes", 0, most_bytes);
  settings.most_retries = static_cast<int>(whole("max_retries", 0, most_retries));
  settings.time_limit_seconds = whole("time_limit_seconds", 0, most_seconds);
  settings.signal_seconds = whole("signal_seconds", 1, most_signal_seconds);
  settings.cores_per_node = whole("cores_per_node", 0, most_cores_per_node);
  settings.memory_safety = json.at("memory_safety").number(1, most_safety);
  settings.asks_for_memory = json.at("asks_for_memory").flag();
  settings.batch.partition = json.at("partition").text();
  settings.batch.account = json.at("account").text();
  settings.batch.qos = json.at("qos").text();
  settings.batch.constraint = json.at("constraint").text();
  settings.batch.extra_lines = json.at("extra_lines").texts();
  settings.batch.jobs_at_once = whole("jobs_at_once", 0, most_jobs_at_once);
  settings.tasks_per_job = whole("tasks_per_job", 0, most_tasks_per_job);
  settings.batch.items_at_once = whole("items_at_once", 1, most_tasks_per_job);
  settings.refit_model = json.at("refit_model").text();
  settings.refit_metrics = json.at("refit_metrics").text();
  if (const auto lock = json.find("lock")) {
    settings.locking = lock->one_of<Locking>({{"auto", Locking::automatic}, {"off", Locking::off}});
  }
  settings.submissions = whole("submissions", 0, most_submissions);
  for (const auto& [task, failures] : json.at("forgiven").members()) {
    settings.forgiven[task] = static_cast<int>(failures.whole(0, most_submissions));
  }
  return settings;
}

}  // namespace

RunSettings parse_settings(const std::string& text, const std::string& path) {
  return settings_of(RecordedValue::parse(text, path));
}

std::optional<RunSettings> read_settings(const std::string& directory) {
  const std::string path = settings_path(directory);
  if (!fs::exists(path)) return std::nullopt;
  return parse_settings(read_small_file(path), path);
}

void write_settings(const std::string& directory, const RunSettings& settings) {
  Json json;
  json["scheduler"] = settings.scheduler == SchedulerKind::slurm ? "slurm" : "local";
  json["data"] = settings.data;
  json["cores"] = settings.cores;
  json["memory_bytes"] = settings.memory_bytes;
  json["max_retries"] = settings.most_retries;
  json["time_limit_seconds"] = settings.time_limit_seconds;
  json["signal_seconds"] = settings.signal_seconds;
  json["cores_per_node"] = settings.cores_per_node;
  json["memory_safety"] = settings.memory_safety;
  json["asks_for_memory"] = settings.asks_for_memory;
  json["partition"] = settings.batch.partition;
  json["account"] = settings.batch.account;
  json["qos"] = settings.batch.qos;
  json["constraint"] = settings.batch.constraint;
  json["extra_lines"] = settings.batch.extra_lines;
  json["jobs_at_once"] = settings.batch.jobs_at_once;
  json["tasks_per_job"] = settings.tasks_per_job;
  json["items_at_once"] = settings.batch.items_at_once;
  json["refit_model"] = settings.refit_model;
  json["refit_metrics"] = settings.refit_metrics;
  json["lock"] = settings.locking == Locking::off ? "off" : "auto";
  json["submissions"] = settings.submissions;
  json["forgiven"] = settings.forgiven;
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
