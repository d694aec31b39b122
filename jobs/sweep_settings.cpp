#include "jobs/sweep_settings.hpp"

#include <filesystem>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "jobs/folder_locking.hpp"
#include "kernels/error.hpp"
#include "slurm/folder_file.hpp"

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

RunSettings settings_of(const Json& json) {
  RunSettings settings;
  settings.scheduler = json.at("scheduler") == "slurm" ? SchedulerKind::slurm : SchedulerKind::local;
  const auto take = [&json](const char* name, auto& target) { json.at(name).get_to(target); };
  settings.data = json.value("data", std::string());
  take("cores", settings.cores);
  take("memory_bytes", settings.memory_bytes);
  take("max_retries", settings.most_retries);
  take("time_limit_seconds", settings.time_limit_seconds);
  take("signal_seconds", settings.signal_seconds);
  take("cores_per_node", settings.cores_per_node);
  take("memory_safety", settings.memory_safety);
  take("asks_for_memory", settings.asks_for_memory);
  take("partition", settings.batch.partition);
  take("account", settings.batch.account);
  take("qos", settings.batch.qos);
  take("constraint", settings.batch.constraint);
  take("extra_lines", settings.batch.extra_lines);
  take("jobs_at_once", settings.batch.jobs_at_once);
  take("tasks_per_job", settings.tasks_per_job);
  take("items_at_once", settings.batch.items_at_once);
  take("refit_model", settings.refit_model);
  take("refit_metrics", settings.refit_metrics);
  settings.locking = locking_of(json.value("lock", std::string("auto")));
  take("submissions", settings.submissions);
  take("forgiven", settings.forgiven);
  return settings;
}

}  // namespace

std::optional<RunSettings> read_settings(const std::string& directory) {
  const std::string path = settings_path(directory);
  if (!fs::exists(path)) return std::nullopt;
  try {
    return settings_of(Json::parse(slurm::file_text(path)));
  } catch (const Json::exception& error) {
    throw Error(ExitCode::bad_data, fmt::format("{}: is not what sweep run writes: {}", path, error.what()));
  }
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
  slurm::replace_file(settings_path(directory), json.dump(1) + "\n");
}

bool is_cancelled(const std::string& directory) {
  return fs::exists(mark_path(directory));
}

void mark_cancelled(const std::string& directory) {
  slurm::replace_file(mark_path(directory), "");
}

void unmark_cancelled(const std::string& directory) {
  std::error_code ignored;
  fs::remove(mark_path(directory), ignored);
}

}  // namespace rankwise
