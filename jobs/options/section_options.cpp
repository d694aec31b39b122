#include "jobs/options/section_options.hpp"

#include <algorithm>
#include <array>
#include <boost/program_options.hpp>
#include <cctype>
#include <filesystem>
#include <fmt/format.h>

#include "jobs/options/file_clashes.hpp"
#include "jobs/options/option_text.hpp"
#include "jobs/options/options.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

namespace po = boost::program_options;

/// Of every job's options, those of the launch; each step's result is the same without them.
constexpr std::array<std::string_view, 5> launch_options{"simd", "log-json", "rank-timeout", "verify-inputs", "quiet"};

/// What Boost reads as true.
constexpr std::array<std::string_view, 4> words_for_true{"true", "yes", "on", "1"};

/// As Boost takes it, in capital letters too.
bool is_true(std::string word) {
  std::ranges::transform(word, word.begin(),
                         [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return std::ranges::find(words_for_true, word) != words_for_true.end();
}

/// In one word, so that values may begin with dashes.
std::string argument(const std::string& name, const std::string& value) {
  return fmt::format("--{}={}", name, value);
}

bool is_launch_option(std::string_view name) {
  return std::ranges::find(launch_options, name) != launch_options.end();
}

}  // namespace

Error located(const Error& error, const ConfigSection& section, const std::string& file_name) {
  const std::string message = error.what();
  if (message.starts_with(file_name + ":")) return error;
  for (const ConfigEntry& entry : section.entries) {
    const std::string option = "--" + entry.name;
    const std::size_t at = message.find(option);
    const std::size_t end = at + option.size();
    if (at == std::string::npos || (end < message.size() && (std::isalnum(message[end]) != 0 || message[end] == '-')))
      continue;
    return Error(error.code(), fmt::format("{}:{}: [{}] {}", file_name, entry.line, section.name, message));
  }
  return Error(error.code(), fmt::format("{}:{}: [{}] {}", file_name, section.line, section.name, message));
}

namespace {

void add_argument(const po::options_description& known, const ConfigEntry& entry, SectionCommand& command) {
  const po::option_description* option = known.find_nothrow(entry.name, false);
  const bool is_switch = option != nullptr ? option->semantic()->max_tokens() == 0 : entry.name == "quiet";
  std::vector<std::string>& arguments = is_launch_option(entry.name) ? command.launch : command.arguments;
  if (is_switch && !is_true(entry.value)) return;
  arguments.push_back(is_switch ? "--" + entry.name : argument(entry.name, entry.value));
  if (option != nullptr && takes_as_path(*option, entry.value)) command.files.emplace_back(entry.name, entry.value);
}

void require_known_place(const ConfigSection& section, const std::string& file_name) {
  for (const ConfigEntry& entry : section.entries) {
    if (entry.name != "threads") continue;
    throw Error(ExitCode::usage, fmt::format("{}:{}: [{}] threads: expected threads-per-rank in [quarterly]", file_name,
                                             entry.line, section.name));
  }
}

}  // namespace

std::string SectionCommand::file(const std::string& option) const {
  const auto found = std::ranges::find(files, option, &NamedValues::value_type::first);
  return found == files.end() ? std::string() : found->second;
}

void make_paths_absolute(const Job& job, std::vector<ConfigEntry>& entries) {
  po::options_description known;
  (void)job.describe(known);
  for (ConfigEntry& entry : entries) {
    if (entry.value.empty()) continue;  // which the job refuses
    const po::option_description* option = known.find_nothrow(entry.name, false);
    const bool is_path = option != nullptr ? takes_as_path(*option, entry.value) : entry.name == "log-json";
    if (is_path) entry.value = std::filesystem::absolute(entry.value).lexically_normal().string();
  }
}

SectionCommand section_command(const Job& job, const ConfigSection& section, const NamedValues& wired,
                               const std::string& file_name) {
  require_known_place(section, file_name);
  // 1. As the job would.
  std::vector<ConfigEntry> entries;
  std::vector<std::string> filled;
  for (const auto& [name, value] : wired) {
    if (std::ranges::find(section.entries, name, &ConfigEntry::name) != section.entries.end()) continue;
    entries.push_back({name, value, section.line});
    filled.push_back(argument(name, value));
  }
  JobOptions options(job);
  try {
    options.parse_command_line(filled);
    options.parse_entries(section.entries, file_name);
    options.resolve(1);
    options.run().check();
    require_sound_files(options.files());
  } catch (const Error& error) {
    throw located(error, section, file_name);
  }

  // 2. As a command line.
  entries.insert(entries.end(), section.entries.begin(), section.entries.end());
  make_paths_absolute(job, entries);
  po::options_description known;
  (void)job.describe(known);
  SectionCommand command;
  for (const ConfigEntry& entry : entries) add_argument(known, entry, command);
  command.configuration = fmt::format("{}\n{}", job.name, options.configuration());
  return command;
}

}  // namespace rankwise
