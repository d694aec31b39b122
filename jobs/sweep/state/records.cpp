#include "jobs/sweep/state/records.hpp"

#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "io/config/json_text.hpp"
#include "io/config/recorded_value.hpp"
#include "io/files/commit.hpp"
#include "kernels/process/small_file.hpp"

namespace rankwise {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

// What no run reaches.
constexpr Index most_epochs = 1'000'000;
constexpr Index most_ranks = 100'000;
constexpr Index most_threads = 4096;
constexpr double most_seconds = 1e12;
constexpr double most_bytes = 1e18;

fs::path record_path(const std::string& directory, const SweepTask& task) {
  return fs::path(directory) / "records" / (task.key + ".json");
}

Json json_of(const std::map<std::string, double>& values) {
  Json json = Json::object();
  for (const auto& [name, value] : values) json[name] = number_or_null(value);
  return json;
}

std::map<std::string, double> numbers_of(const RecordedValue& json) {
  std::map<std::string, double> values;
  for (const auto& [name, value] : json.members()) values[name] = value.number_or_nan();
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
  json["losses"] = Json::array();
  for (const double loss : record.losses) json["losses"].push_back(number_or_null(loss));
  json["epochs"] = record.epochs;
  json["resumed_epochs"] = record.resumed_epochs;
  json["begin_seconds"] = record.begin_seconds;
  json["seconds"] = record.seconds;
  json["memory_bytes"] = record.memory_bytes;
  json["ranks"] = record.ranks;
  json["threads_per_rank"] = record.threads_per_rank;
  json["host"] = record.host;
  return json_text(json, 1) + "\n";
}

/// What the task's record says. Throws Error(bad_data) where it is damaged, or of anything else than the plan's task.
TaskRecord record_of(const RecordedValue& json, const SweepPlan& plan, const SweepTask& task) {
  const auto require = [&json](const char* name, const std::string& expected) {
    if (const RecordedValue value = json.at(name); value.text() != expected) value.refuse(expected);
  };
  require("kind", "sweep-record");
  require("key", task.key);
  require("version", plan.version);
  const RecordedValue configuration = json.at("configuration");
  if (task_key(plan, task, configuration.text()) != task.key) {
    configuration.refuse(fmt::format("that of {} in the plan, of which the key is made", task.name));
  }
  TaskRecord record;
  record.dataset_digest = json.at("dataset_digest").bits();
  if (record.dataset_digest != plan.dataset_digest) {
    json.at("dataset_digest").refuse(fmt::format("that of the plan, {}", plan.dataset_digest));
  }
  record.metrics = numbers_of(json.at("metrics"));
  (void)json.at("metrics").at(plan.metric());
  record.standard_errors = numbers_of(json.at("standard_errors"));
  for (const RecordedValue& loss : json.at("losses").elements()) record.losses.push_back(loss.number_or_nan());
  record.epochs = json.at("epochs").whole(0, most_epochs);
  record.resumed_epochs = json.at("resumed_epochs").whole(0, record.epochs);
  record.begin_seconds = json.at("begin_seconds").number(0, most_seconds);
  record.seconds = json.at("seconds").number(0, most_seconds);
  record.memory_bytes = json.at("memory_bytes").number(0, most_bytes);
  record.ranks = static_cast<int>(json.at("ranks").whole(1, most_ranks));
  record.threads_per_rank = static_cast<int>(json.at("threads_per_rank").whole(1, most_threads));
  record.host = json.at("host").text();
  return record;
}

/// A record, or why the file that should hold it does not; neither where there is no such file.
struct FoundRecord {
  std::optional<TaskRecord> record;
  std::string fault;
};

FoundRecord find_record(const SweepPlan& plan, const std::string& directory, const SweepTask& task) {
  const fs::path path = record_path(directory, task);
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored)) return {};
  const std::string text = read_small_file(path.string());
  try {
    return {record_of(RecordedValue::parse(text, path.string()), plan, task), ""};
  } catch (const Error& error) {
    return {std::nullopt, error.what()};
  }
}

}  // namespace

std::optional<TaskRecord> read_record(const SweepPlan& plan, const std::string& directory, const SweepTask& task) {
  return find_record(plan, directory, task).record;
}

void warn_of_damaged_records(const SweepPlan& plan, const std::string& directory, Report& report) {
  constexpr std::size_t told = 5;
  std::set<std::string> faults;  // tasks may share a record
  for (const SweepTask& task : plan.tasks) {
    if (std::string fault = find_record(plan, directory, task).fault; !fault.empty()) faults.insert(std::move(fault));
  }
  std::size_t count = 0;
  for (const std::string& fault : faults) {
    if (count++ < told) report.warning(fmt::format("{}; this record does not count", fault));
  }
  if (count > told) report.warning(fmt::format("{}: {} more records do not count", directory, count - told));
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
