#include "jobs/sweep/state/records.hpp"

#include <filesystem>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <set>

#include "io/config/json_fields.hpp"
#include "io/config/json_text.hpp"
#include "io/config/recorded_value.hpp"
#include "io/files/commit.hpp"
#include "jobs/sweep/plan/tasks.hpp"
#include "kernels/process/small_file.hpp"

namespace rankwise {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

// What no run reaches.
constexpr Index most_epochs = 1'000'000;
constexpr Index most_ranks = 100'000;
constexpr Index most_threads = 4096;
constexpr double most_run_seconds = 1e12;
constexpr double most_memory_bytes = 1e18;

fs::path record_path(const std::string& directory, const SweepTask& task) {
  return fs::path(directory) / "records" / (task.key + ".json");
}

/// What was measured.
template <class Fields, class Record>
void list_results(Fields& fields, Record& record) {
  fields.numbers("metrics", record.metrics);
  fields.numbers("standard_errors", record.standard_errors);
  fields.numbers("baselines", record.baselines);
  fields.numbers("losses", record.losses);
  fields.whole("epochs", record.epochs, 0, most_epochs);
  fields.whole("resumed_epochs", record.resumed_epochs, 0, record.epochs);
  fields.number("begin_seconds", record.begin_seconds, 0, most_run_seconds);
  fields.number("seconds", record.seconds, 0, most_run_seconds);
  fields.number("memory_bytes", record.memory_bytes, 0, most_memory_bytes);
  fields.whole("ranks", record.ranks, 1, most_ranks);
  fields.whole("threads_per_rank", record.threads_per_rank, 1, most_threads);
  fields.text("host", record.host);
}

std::string record_text(const SweepPlan& plan, const SweepTask& task, const TaskRecord& record) {
  Json json;
  json["kind"] = "sweep-record";
  json["key"] = task.key;
  json["task"] = task.name;
  json["version"] = plan.version;
  json["dataset_digest"] = record.dataset_digest;
  json["configuration"] = resolved_configuration(plan.job, task_arguments(plan, task));
  FieldWriter fields(json);
  list_results(fields, record);
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
  FieldReader fields(json);
  list_results(fields, record);
  (void)json.at("metrics").at(plan.metric());
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

void require_single_rank(const Communicator& comm, const char* action) {
  if (comm.size() == 1) return;
  throw AgreedError(ExitCode::usage, fmt::format("sweep {}: starts what needs several ranks by itself; expected to be "
                                                 "run as one rank, without mpirun",
                                                 action));
}

}  // namespace rankwise
