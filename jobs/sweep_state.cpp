#include "jobs/sweep_state.hpp"

#include <array>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "io/commit.hpp"
#include "slurm/folder_file.hpp"

namespace rankwise {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

fs::path record_path(const std::string& directory, const SweepTask& task) {
  return fs::path(directory) / "records" / (task.key + ".json");
}

/// JSON has no NaN, which a metric without a definition is.
Json number_or_null(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

Json json_of(const std::map<std::string, double>& values) {
  Json json = Json::object();
  for (const auto& [name, value] : values) json[name] = number_or_null(value);
  return json;
}

std::map<std::string, double> numbers_of(const Json& json) {
  std::map<std::string, double> values;
  for (const auto& [name, value] : json.items()) values[name] = value.is_null() ? std::nan("") : value.get<double>();
  return values;
}

std::string record_text(const SweepPlan& plan, const SweepTask& task, const TaskRecord& record) {
  Json json;
  json["kind"] = "sweep-record";
  json["key"] = task.key;
  json["task"] = task.name;
  json["version"] = plan.version;
  json["dataset_digest"] = record.dataset_digest;
  json["configuration"] = resolved_configuration(plan.job, task_arguments(plan, task));
  json["metrics"] = json_of(record.metrics);
  json["standard_errors"] = json_of(record.standard_errors);
  json["losses"] = record.losses;
  json["epochs"] = record.epochs;
  json["resumed_epochs"] = record.resumed_epochs;
  json["begin_seconds"] = record.begin_seconds;
  json["seconds"] = record.seconds;
  json["memory_bytes"] = record.memory_bytes;
  json["ranks"] = record.ranks;
  json["threads_per_rank"] = record.threads_per_rank;
  json["host"] = record.host;
  return json.dump(1) + "\n";
}

TaskRecord record_of(const Json& json) {
  TaskRecord record;
  record.dataset_digest = json.at("dataset_digest").get<std::uint64_t>();
  record.metrics = numbers_of(json.at("metrics"));
  record.standard_errors = numbers_of(json.at("standard_errors"));
  record.losses = json.at("losses").get<std::vector<double>>();
  record.epochs = json.at("epochs").get<Index>();
  record.resumed_epochs = json.at("resumed_epochs").get<Index>();
  record.begin_seconds = json.at("begin_seconds").get<double>();
  record.seconds = json.at("seconds").get<double>();
  record.memory_bytes = json.at("memory_bytes").get<double>();
  record.ranks = json.at("ranks").get<int>();
  record.threads_per_rank = json.at("threads_per_rank").get<int>();
  record.host = json.at("host").get<std::string>();
  return record;
}

}  // namespace

std::optional<TaskRecord> read_record(const SweepPlan& plan, const std::string& directory, const SweepTask& task) {
  const fs::path path = record_path(directory, task);
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored)) return std::nullopt;
  try {
    const Json json = Json::parse(slurm::file_text(path.string()));
    if (json.at("key") != task.key || json.at("version") != plan.version) return std::nullopt;
    TaskRecord record = record_of(json);
    if (record.dataset_digest != plan.dataset_digest) return std::nullopt;
    return record.metrics.contains(plan.metric()) ? std::optional(std::move(record)) : std::nullopt;
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

Records read_records(const SweepPlan& plan, const std::string& directory) {
  Records records;
  for (const SweepTask& task : plan.tasks) records.push_back(read_record(plan, directory, task));
  return records;
}

void write_record(const Communicator& comm, const SweepPlan& plan, const std::string& directory, const SweepTask& task,
                  const TaskRecord& record) {
  write_text_in_rank_order(comm, record_path(directory, task).string(),
                           comm.is_root() ? record_text(plan, task, record) : std::string());
}

Index take_over_records(const SweepPlan& plan, const std::string& other, const std::string& directory,
                        const Communicator& comm) {
  if (!fs::is_directory(fs::path(other) / "records")) {
    throw Error(ExitCode::no_input, fmt::format("--reuse {}: is not the directory of a sweep", other));
  }
  Index taken = 0;
  for (const SweepTask& task : plan.tasks) {
    const auto record = read_record(plan, other, task);
    if (!record) continue;
    write_record(comm, plan, directory, task, *record);
    ++taken;
  }
  return taken;
}

std::string work_folder(const std::string& directory, const SweepTask& task) {
  return (fs::path(directory) / "work" / fmt::format("t{}.f{}", task.trial + 1, task.fold + 1)).string();
}

std::uint64_t file_digest(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(ExitCode::no_input, fmt::format("{}: cannot be read", path));
  const std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> state(XXH3_createState(), XXH3_freeState);
  XXH3_64bits_reset(state.get());
  std::vector<char> piece(1 << 20);
  while (file.read(piece.data(), static_cast<std::streamsize>(piece.size())), file.gcount() > 0) {
    XXH3_64bits_update(state.get(), piece.data(), static_cast<std::size_t>(file.gcount()));
  }
  if (file.bad()) throw Error(ExitCode::io_error, fmt::format("{}: cannot be read to its end", path));
  return XXH3_64bits_digest(state.get());
}

void require_single_rank(const Communicator& comm, const char* action) {
  if (comm.size() == 1) return;
  throw AgreedError(ExitCode::usage, fmt::format("sweep {}: starts what needs several ranks by itself; expected to be "
                                                 "run as one rank, without mpirun",
                                                 action));
}

}  // namespace rankwise
