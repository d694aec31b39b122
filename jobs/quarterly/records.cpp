#include "jobs/quarterly/records.hpp"

#include <chrono>
#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string_view>

#include "io/config/json_fields.hpp"
#include "io/config/json_text.hpp"
#include "io/config/recorded_value.hpp"
#include "io/files/content_hash.hpp"
#include "jobs/run/version.hpp"
#include "kernels/process/small_file.hpp"

namespace rankwise {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* record_kind = "quarterly-step";

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

template <class Fields, class File>
void list_members(Fields& fields, File& file) {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  fields.whole("bytes", file.bytes, 0, most);
  fields.whole("modified_nanoseconds", file.modified_nanoseconds, std::numeric_limits<std::int64_t>::min(), most);
  fields.text("digest", file.digest);
}

template <class Fields, class Cost>
void list_cost(Fields& fields, Cost& cost) {
  constexpr double most_seconds = 1e12;
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  fields.number("seconds", cost.seconds, 0, most_seconds);
  fields.whole("ranks", cost.ranks, 1, most);
  fields.whole("threads", cost.threads, 1, most);
  fields.whole("peak_memory_bytes", cost.peak_memory_bytes, 0, most);
}

std::string record_text(const StepRecord& record) {
  Json json;
  json["kind"] = record_kind;
  json["version"] = record.version;
  json["configuration"] = record.configuration;
  json["inputs"] = record.inputs;
  json["outputs"] = Json::object();
  for (const auto& [path, file] : record.outputs) {
    FieldWriter fields(json["outputs"][path]);
    list_members(fields, file);
  }
  if (record.cost) {
    FieldWriter fields(json["cost"]);
    list_cost(fields, *record.cost);
  }
  json["warnings"] = record.warnings;
  return json_text(json, 1) + "\n";
}

WrittenFile file_of(const RecordedValue& json) {
  WrittenFile file;
  FieldReader fields(json);
  list_members(fields, file);
  return file;
}

/// Throws Error (io_error, bad_data).
StepRecord parse_record(const fs::path& path) {
  const RecordedValue json = RecordedValue::parse(read_small_file(path.string()), path.string());
  if (const RecordedValue kind = json.at("kind"); kind.text() != record_kind) kind.refuse(record_kind);
  StepRecord record;
  record.version = json.at("version").text();
  record.configuration = json.at("configuration").text();
  for (const auto& [name, state] : json.at("inputs").members()) record.inputs[name] = state.text();
  for (const auto& [name, file] : json.at("outputs").members()) record.outputs[name] = file_of(file);
  if (const auto cost = json.find("cost")) {
    FieldReader fields(*cost);
    list_cost(fields, record.cost.emplace());
  }
  if (const auto warnings = json.find("warnings")) record.warnings = warnings->texts();
  return record;
}

/// A record, or why there is none.
struct FoundRecord {
  std::optional<StepRecord> record;
  std::string fault;
};

FoundRecord find_record(const fs::path& path) {
  if (!fs::exists(path)) return {std::nullopt, "its record in steps/ is missing"};
  try {
    return {parse_record(path), ""};
  } catch (const Error& error) {
    if (error.code() != ExitCode::bad_data) throw;
    return {std::nullopt, fmt::format("its record is damaged: {}", error.what())};
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

/// Lines `name = value` by name; what else a configuration has, the names of its jobs, by itself.
std::map<std::string, std::string> settings_of(const std::string& configuration) {
  constexpr std::string_view sign = " = ";
  std::map<std::string, std::string> settings;
  std::istringstream lines(configuration);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t at = line.find(sign);
    settings[line.substr(0, at)] = at == std::string::npos ? std::string() : line.substr(at + sign.size());
  }
  return settings;
}

/// Of two maps, in the order of names: calls `tell` with what each has, null where it has none, wherever they differ.
template <class Tell>
void for_each_difference(const std::map<std::string, std::string>& then, const std::map<std::string, std::string>& now,
                         const Tell& tell) {
  for (const auto& [name, value] : then) {
    const auto found = now.find(name);
    if (found == now.end()) {
      tell(name, &value, nullptr);
    } else if (found->second != value) {
      tell(name, &value, &found->second);
    }
  }
  for (const auto& [name, value] : now) {
    if (!then.contains(name)) tell(name, nullptr, &value);
  }
}

/// The path as the chain's folder has it.
std::string short_path(const Chain& chain, const std::string& path) {
  const std::string folder = chain.settings.directory + "/";
  return path.starts_with(folder) ? path.substr(folder.size()) : path;
}

std::vector<std::string> option_changes(const StepRecord& then, const StepRecord& now) {
  std::vector<std::string> changes;
  for_each_difference(settings_of(then.configuration), settings_of(now.configuration),
                      [&](const std::string& name, const std::string* old_value, const std::string* new_value) {
                        const auto text = [](const std::string* value) {
                          return value == nullptr ? "not given" : *value;
                        };
                        changes.push_back(fmt::format("option {}: {} -> {}", name, text(old_value), text(new_value)));
                      });
  return changes;
}

std::vector<std::string> input_changes(const Chain& chain, const StepRecord& then, const StepRecord& now) {
  std::vector<std::string> changes;
  for_each_difference(then.inputs, now.inputs,
                      [&](const std::string& path, const std::string* old_text, const std::string* new_text) {
                        const char* what = old_text == nullptr   ? "was not read"
                                           : new_text == nullptr ? "is no longer read"
                                                                 : "has changed";
                        changes.push_back(fmt::format("input {} {}", short_path(chain, path), what));
                      });
  return changes;
}

std::vector<std::string> output_changes(const Chain& chain, const ChainStep& step, const StepRecord& record) {
  std::vector<std::string> changes;
  for (const std::string& path : step.outputs) {
    const auto written = record.outputs.find(path);
    const char* what = nullptr;
    if (written == record.outputs.end()) {
      what = "was not written";
    } else if (!fs::exists(path)) {
      what = "is missing";
    } else if (!is_whole(path, written->second)) {
      what = "has changed";
    }
    if (what != nullptr) changes.push_back(fmt::format("output {} {}", short_path(chain, path), what));
  }
  return changes;
}

std::string first_of(std::vector<std::string> changes) {
  constexpr std::size_t told = 3;
  const std::size_t count = changes.size();
  if (count > told + 1) {
    changes.resize(told);
    changes.push_back(fmt::format("{} more", count - told));
  }
  return fmt::format("{}", fmt::join(changes, "; "));
}

}  // namespace

std::string what_changed(const Chain& chain, std::size_t place, const std::vector<std::optional<StepRecord>>& records) {
  const ChainStep& step = chain.steps[place];
  const auto [then, fault] = find_record(record_path(chain, step));
  if (!then) return fault;
  for (const std::size_t before : step.after) {
    if (!records[before]) return fmt::format("follows {}, which is to be done first", chain.steps[before].name);
  }
  const std::optional<StepRecord> now = present_inputs(chain, place, records);
  if (!now) {
    for (const std::string& path : step.inputs) {
      if (!fs::exists(path)) return fmt::format("input {} is missing", short_path(chain, path));
    }
    return "an input is no file";
  }
  std::vector<std::string> changes;
  if (then->version != now->version) changes.push_back(fmt::format("program: {} -> {}", then->version, now->version));
  for (const std::vector<std::string>& more :
       {option_changes(*then, *now), input_changes(chain, *then, *now), output_changes(chain, step, *then)}) {
    changes.insert(changes.end(), more.begin(), more.end());
  }
  return first_of(std::move(changes));
}

std::string unfinished_reason(const Chain& chain, std::size_t place) {
  const ChainStep& step = chain.steps[place];
  const auto [record, fault] = find_record(record_path(chain, step));
  if (!record) return fault;
  std::vector<std::string> changes = output_changes(chain, step, *record);
  if (step.is_made_once) return first_of(std::move(changes));
  StepRecord now = *record;
  now.configuration = step.configuration;
  if (record->version == program_version()) {  // others may write the same options in another way
    for (const std::string& change : option_changes(*record, now)) changes.push_back(change);
  }
  for (const std::size_t before : step.after) {
    const std::optional<StepRecord> earlier = find_record(record_path(chain, chain.steps[before])).record;
    if (!earlier) {
      changes.push_back(fmt::format("{} is not done", chain.steps[before].name));
      continue;
    }
    for (const auto& [path, file] : earlier->outputs) {
      const auto read = record->inputs.find(path);
      if (read != record->inputs.end() && read->second != file.digest)
        changes.push_back(fmt::format("input {} has changed", short_path(chain, path)));
    }
  }
  return first_of(std::move(changes));
}

std::string made_before(const Chain& chain, std::size_t place, const std::vector<std::optional<StepRecord>>& records) {
  if (!chain.steps[place].is_made_once || !records[place]) return {};
  const std::optional<StepRecord> now = present_inputs(chain, place, records);
  if (now && identity(*now) == identity(*records[place])) return {};
  return fmt::format("was made before and is not made again: {}; remove {} to make it again",
                     what_changed(chain, place, records), chain.steps[place].outputs.front());
}

std::string identity(const StepRecord& record) {
  StepRecord made_of = record;
  made_of.outputs.clear();
  made_of.cost.reset();
  made_of.warnings.clear();
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
    const bool is_wanted = wanted || step.is_made_once;
    std::optional<StepRecord> record = is_wanted ? find_record(record_path(chain, step)).record : std::nullopt;
    if (record && !step.is_made_once && identity(*record) != identity(*wanted)) record.reset();
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
