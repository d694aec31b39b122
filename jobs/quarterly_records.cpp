#include "jobs/quarterly_records.hpp"

#include <chrono>
#include <filesystem>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/commit.hpp"
#include "jobs/sweep_plan.hpp"
#include "jobs/sweep_state.hpp"
#include "jobs/version.hpp"
#include "slurm/folder_file.hpp"

namespace rankwise {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

fs::path record_path(const Chain& chain, const ChainStep& step) {
  return fs::path(chain.settings.directory) / "steps" / (step.name + ".json");
}

std::int64_t modified_nanoseconds(const fs::path& path) {
  std::error_code error;
  const auto time = fs::last_write_time(path, error);
  if (error) throw Error(ExitCode::io_error, fmt::format("{}: {}", path.string(), error.message()));
  const auto since = std::chrono::file_clock::to_sys(time).time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(since).count();
}

std::uint64_t size_of(const fs::path& path) {
  std::error_code error;
  const std::uint64_t bytes = fs::file_size(path, error);
  if (error) throw Error(ExitCode::io_error, fmt::format("{}: {}", path.string(), error.message()));
  return bytes;
}

std::string digest_of(const std::string& path) {
  return fmt::format("{:016x}", file_digest(path));
}

bool is_whole(const std::string& path, const WrittenFile& written) {
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored) || size_of(path) != written.bytes) return false;
  return modified_nanoseconds(path) == written.modified_nanoseconds || digest_of(path) == written.digest;
}

std::string record_text(const StepRecord& record) {
  Json json;
  json["kind"] = "quarterly-step";
  json["version"] = record.version;
  json["configuration"] = record.configuration;
  json["inputs"] = record.inputs;
  json["outputs"] = Json::object();
  for (const auto& [path, file] : record.outputs) {
    json["outputs"][path] = {
        {"bytes", file.bytes}, {"modified_nanoseconds", file.modified_nanoseconds}, {"digest", file.digest}};
  }
  return json.dump(1) + "\n";
}

/// Nothing where there is none, or what is there is damaged.
std::optional<StepRecord> read_record(const fs::path& path) {
  if (!fs::exists(path)) return std::nullopt;
  try {
    const Json json = Json::parse(slurm::file_text(path.string()));
    StepRecord record;
    json.at("version").get_to(record.version);
    json.at("configuration").get_to(record.configuration);
    json.at("inputs").get_to(record.inputs);
    for (const auto& [name, file] : json.at("outputs").items()) {
      record.outputs[name] = {file.at("bytes").get<std::uint64_t>(),
                              file.at("modified_nanoseconds").get<std::int64_t>(),
                              file.at("digest").get<std::string>()};
    }
    return record;
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

/// The digest that the step before which writes `path` has found; nothing where no step writes it.
std::optional<std::string> written_digest(const ChainStep& step, const std::string& path,
                                          const std::vector<std::optional<StepRecord>>& records) {
  for (const std::size_t before : step.after) {
    const std::optional<StepRecord>& record = records[before];
    const auto file = record->outputs.find(path);
    if (file != record->outputs.end()) return file->second.digest;
  }
  return std::nullopt;
}

}  // namespace

std::string identity(const StepRecord& record) {
  StepRecord made_of = record;
  made_of.outputs.clear();
  return content_hash(record_text(made_of));
}

std::optional<StepRecord> present_inputs(const Chain& chain, std::size_t place,
                                         const std::vector<std::optional<StepRecord>>& records) {
  const ChainStep& step = chain.steps[place];
  for (const std::size_t before : step.after) {
    if (before >= records.size() || !records[before]) return std::nullopt;
  }
  StepRecord record;
  record.version = program_version();
  record.configuration = step.configuration;
  for (const std::string& path : step.inputs) {
    if (const auto digest = written_digest(step, path, records)) {
      record.inputs[path] = *digest;
      continue;
    }
    std::error_code ignored;
    if (!fs::is_regular_file(path, ignored)) return std::nullopt;
    record.inputs[path] = fmt::format("{} bytes, modified {} ns since 1970", size_of(path), modified_nanoseconds(path));
  }
  return record;
}

std::vector<std::optional<StepRecord>> valid_records(const Chain& chain) {
  std::vector<std::optional<StepRecord>> records;
  for (std::size_t place = 0; place < chain.steps.size(); ++place) {
    const ChainStep& step = chain.steps[place];
    const std::optional<StepRecord> wanted = present_inputs(chain, place, records);
    std::optional<StepRecord> record = wanted ? read_record(record_path(chain, step)) : std::nullopt;
    if (record && identity(*record) != identity(*wanted)) record.reset();
    for (const std::string& path : step.outputs) {
      if (record && (!record->outputs.contains(path) || !is_whole(path, record->outputs[path]))) record.reset();
    }
    records.push_back(std::move(record));
  }
  return records;
}

void write_step_record(const Chain& chain, const ChainStep& step, StepRecord record) {
  const fs::path path = record_path(chain, step);
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  if (error) throw Error(ExitCode::cannot_create, fmt::format("{}: {}", path.parent_path().string(), error.message()));
  for (const std::string& output : step.outputs) {
    record.outputs[output] = {size_of(output), modified_nanoseconds(output), digest_of(output)};
  }
  replace_file(path.string(), record_text(record));
}

}  // namespace rankwise
