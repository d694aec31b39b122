#include "jobs/quarterly/file.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "io/config/config_file.hpp"
#include "io/config/ini.hpp"
#include "jobs/als/als.hpp"
#include "jobs/data/prepare.hpp"
#include "jobs/evaluate/evaluate.hpp"
#include "jobs/itemcf/itemcf.hpp"
#include "jobs/kmeans/kmeans.hpp"
#include "jobs/options/options.hpp"
#include "jobs/options/section_options.hpp"
#include "jobs/quarterly/settings.hpp"
#include "jobs/recommend/recommend.hpp"
#include "jobs/sweep/planning.hpp"
#include "jobs/sweep/refit.hpp"
#include "kernels/base/error.hpp"
#include "kernels/text/nearest_name.hpp"

namespace rankwise {

namespace {

constexpr std::array<const char*, 14> section_names{
    "quarterly",       "prepare", "sweep",        "als",       "itemcf", "refit",        "evaluate",
    "evaluate itemcf", "final",   "final itemcf", "recommend", "kmeans", "kmeans users", "kmeans items"};

void require_known_sections(const std::vector<ConfigSection>& sections, const std::string& file_name) {
  const std::vector<std::string> names(section_names.begin(), section_names.end());
  const auto is_there = [&sections](const char* name) {
    return std::ranges::find(sections, name, &ConfigSection::name) != sections.end();
  };
  for (const ConfigSection& section : sections) {
    if (std::ranges::find(names, section.name) != names.end()) continue;
    const std::string nearest = nearest_name(section.name, names);
    throw Error(ExitCode::usage,
                fmt::format("{}:{}: unknown section [{}]; {} [{}]", file_name, section.line, section.name,
                            nearest.empty() ? "expected one of" : "the nearest known one is",
                            nearest.empty() ? fmt::format("{}", fmt::join(names, "], [")) : nearest));
  }
  if (!is_there("quarterly"))
    throw Error(ExitCode::usage, fmt::format("{}: section [quarterly] is missing", file_name));
  if (is_there("refit") && !is_there("sweep")) {
    throw Error(ExitCode::usage, fmt::format("{}: [refit] has a meaning only with [sweep]", file_name));
  }
  const bool trains_first = is_there("sweep") || is_there("als");
  if (is_there("final") && !trains_first && !is_there("itemcf")) {
    throw Error(ExitCode::usage,
                fmt::format("{}: [final] has a meaning only with [als], [itemcf] or [sweep]", file_name));
  }
  for (const char* name : {"evaluate itemcf", "final itemcf"}) {
    if (!is_there(name) || (trains_first && is_there("itemcf"))) continue;
    throw Error(ExitCode::usage,
                fmt::format("{}: [{}] has a meaning only with [itemcf] beside [als] or [sweep]", file_name, name));
  }
}

/// The job whose options a section has.
Job job_of(const std::string& section) {
  if (section == "prepare") return prepare_job();
  if (section == "sweep") return sweep_plan_job();
  if (section == "als" || section == "final") return als_job();  // after a sweep only what both jobs have
  if (section == "itemcf" || section == "final itemcf") return itemcf_job();
  if (section == "refit") return sweep_refit_job();
  if (section == "evaluate" || section == "evaluate itemcf") return evaluate_job();
  if (section == "recommend") return recommend_job();
  return kmeans_job();
}

/// Whether the entry says by a word which of the chain's models it means.
bool names_chain_model(const std::string& section, const ConfigEntry& entry) {
  return section == "recommend" && entry.name == "model" && (entry.value == "als" || entry.value == "itemcf");
}

bool may_repeat(const std::string& section, const std::string& option) {
  return section == "quarterly" ? setting_may_repeat(option) : JobOptions(job_of(section)).may_repeat(option);
}

}  // namespace

std::vector<ConfigSection> parse_chain(std::string_view text, const std::string& file_name) {
  std::vector<ConfigSection> sections = parse_config_sections(text, file_name, may_repeat);
  require_known_sections(sections, file_name);
  for (ConfigSection& section : sections) {
    if (section.name == "quarterly") continue;
    std::vector<ConfigEntry> absolute = section.entries;
    make_paths_absolute(job_of(section.name), absolute);
    for (std::size_t place = 0; place < absolute.size(); ++place) {
      if (!names_chain_model(section.name, section.entries[place])) section.entries[place] = absolute[place];
    }
  }
  return sections;
}

std::string chain_text(std::vector<ConfigSection> sections, const std::string& directory,
                       const std::string& scheduler) {
  std::string text;
  for (ConfigSection& section : sections) {
    text += fmt::format("{}[{}]\n", text.empty() ? "" : "\n", section.name);
    if (section.name == "quarterly") {
      std::erase_if(section.entries, [&](const ConfigEntry& entry) {
        return entry.name == "directory" || (entry.name == "scheduler" && !scheduler.empty());
      });
      text += ini_line("directory", directory);
      if (!scheduler.empty()) text += ini_line("scheduler", scheduler);
    }
    for (const ConfigEntry& entry : section.entries) text += ini_line(entry.name, entry.value);
  }
  return text;
}

}  // namespace rankwise
