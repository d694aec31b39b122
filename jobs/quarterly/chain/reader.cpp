#include "jobs/quarterly/chain/reader.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>

#include "jobs/quarterly/chain/chain_reader.hpp"
#include "jobs/quarterly/chain/file.hpp"
#include "kernels/base/error.hpp"
#include "kernels/process/small_file.hpp"

namespace rankwise {

namespace fs = std::filesystem;

namespace {

ConfigSection& section_of(std::vector<ConfigSection>& sections, const std::string& name) {
  return *std::ranges::find(sections, name, &ConfigSection::name);
}

/// What the folder `previous` says becomes a section of its own, in which the file may say otherwise: later, steps need
/// only the files. Assignments of both count, since there may be several.
void add_previous(std::vector<ConfigSection>& sections, const ChainSettings& settings, const std::string& file_name) {
  if (settings.previous.empty()) return;
  if (settings.previous == settings.directory) {
    throw Error(
        ExitCode::usage,
        fmt::format("{}: [quarterly] previous and directory are one folder; expected last quarter's", file_name));
  }
  const ConfigSection found = previous_of_folder(settings.previous);
  const int line = section_of(sections, "quarterly").line;
  if (std::ranges::find(sections, "previous", &ConfigSection::name) == sections.end())
    sections.push_back({"previous", line, {}});
  std::vector<ConfigEntry>& own = section_of(sections, "previous").entries;
  const std::vector<ConfigEntry> said = own;
  for (const ConfigEntry& entry : found.entries) {
    const bool is_said = std::ranges::any_of(said, [&entry](const ConfigEntry& known) {
      if (known.name != entry.name) return false;
      return entry.name != "assignment" || fs::path(known.value).lexically_normal() == entry.value;
    });
    if (!is_said) own.push_back({entry.name, entry.value, line});
  }
}

/// The chain's text holds no lines of --set: such errors name the option instead.
Error naming_set(const Error& error, const std::string& file_name) {
  const std::string message = error.what();
  const std::string begin = file_name + ":0:";
  return Error(error.code(), message.starts_with(begin) ? "--set:" + message.substr(begin.size()) : message);
}

Chain read_changed(std::string_view text, const std::string& file_name, const ChainChanges& changes) {
  const std::string& scheduler = changes.scheduler;
  std::vector<ConfigSection> sections = parse_chain(text, file_name, changes.options);
  Chain chain;
  chain.file = file_name;
  chain.settings = read_chain_settings(section_of(sections, "quarterly"), file_name, scheduler);
  add_previous(sections, chain.settings, file_name);
  const auto previous = std::ranges::find(sections, "previous", &ConfigSection::name);
  if (previous != sections.end()) chain.previous = read_previous(*previous, file_name);
  const auto variables = std::ranges::find(sections, "variables", &ConfigSection::name);
  if (variables != sections.end()) {
    for (const ConfigEntry& entry : variables->entries) chain.variables.emplace_back(entry.name, entry.value);
  }
  ConfigSection& shared = section_of(sections, "quarterly");
  // A scheduler in place of the file's own takes what it understands of it.
  if (!scheduler.empty()) {
    std::erase_if(shared.entries, [kind = chain.settings.run.scheduler](const ConfigEntry& entry) {
      return is_without_effect(entry.name, kind);
    });
  }
  chain.text = chain_text(sections, chain.settings.directory, scheduler);
  ChainReader(chain, sections).read();
  std::vector<std::string> steps;
  for (const ChainStep& step : chain.steps) steps.push_back(step.name.substr(0, step.name.find('-')));
  require_effect(shared, steps, chain.settings.run.scheduler, file_name);
  return chain;
}

}  // namespace

Chain read_chain(std::string_view text, const std::string& file_name, const ChainChanges& changes) {
  try {
    return read_changed(text, file_name, changes);
  } catch (const Error& error) {
    throw naming_set(error, file_name);
  }
}

std::string chain_path(const std::string& directory) {
  return (fs::path(directory) / "quarterly.ini").string();
}

Chain submitted_chain(const Communicator& comm, const std::string& directory) {
  const std::string path = chain_path(directory);
  std::string text = agree_on(comm, [&] {
    if (!comm.is_root()) return std::string();
    if (!fs::exists(path)) {
      throw Error(ExitCode::no_input, fmt::format("{}: there is no such file; expected the folder of a chain that was "
                                                  "submitted",
                                                  path));
    }
    return read_small_file(path);
  });
  comm.broadcast(text);
  return agree_on(comm, [&] { return read_chain(text, path); });
}

}  // namespace rankwise
