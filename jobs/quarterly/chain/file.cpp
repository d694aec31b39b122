#include "jobs/quarterly/chain/file.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "io/config/config_file.hpp"
#include "io/config/ini.hpp"
#include "jobs/als/als.hpp"
#include "jobs/campaign/assign.hpp"
#include "jobs/campaign/measure/measure.hpp"
#include "jobs/data/prepare.hpp"
#include "jobs/evaluate/evaluate.hpp"
#include "jobs/itemcf/itemcf.hpp"
#include "jobs/kmeans/kmeans.hpp"
#include "jobs/options/options.hpp"
#include "jobs/options/section_options.hpp"
#include "jobs/profile/profile.hpp"
#include "jobs/quarterly/chain/previous.hpp"
#include "jobs/quarterly/chain/settings.hpp"
#include "jobs/quarterly/chain/variables.hpp"
#include "jobs/recommend/recommend.hpp"
#include "jobs/segments/segments.hpp"
#include "jobs/sweep/planning.hpp"
#include "jobs/sweep/refit.hpp"
#include "kernels/base/error.hpp"
#include "kernels/text/nearest_name.hpp"

namespace rankwise {

namespace {

constexpr std::array<const char*, 21> section_names{
    "quarterly", "variables", "previous",        "prepare",      "sweep",       "als",      "itemcf",
    "refit",     "evaluate",  "evaluate itemcf", "gate",         "gate itemcf", "final",    "final itemcf",
    "profile",   "kmeans",    "kmeans users",    "kmeans items", "recommend",   "segments", "measure"};

/// Sections of which a chain may have several, each with a name: [recommend shop].
constexpr std::array<std::string_view, 2> named_kinds{"recommend ", "campaign "};

/// "recommend " of "recommend shop"; empty: the title has no name of its own.
std::string_view named_kind(std::string_view title) {
  const auto found =
      std::ranges::find_if(named_kinds, [title](std::string_view kind) { return title.starts_with(kind); });
  return found == named_kinds.end() ? std::string_view() : *found;
}

bool is_step_name(std::string_view name) {
  constexpr std::size_t longest = 40;  // it becomes part of names of files and of jobs
  return !name.empty() && name.size() <= longest && std::ranges::all_of(name, [](unsigned char sign) {
    return std::islower(sign) != 0 || std::isdigit(sign) != 0 || sign == '-' || sign == '_';
  });
}

void require_name(const ConfigSection& section, const std::string& file_name) {
  if (is_step_name(name_of_section(section.name))) return;
  throw Error(ExitCode::usage, fmt::format("{}:{}: [{}]: expected a name of at most 40 small letters, digits, - and _, "
                                           "as in [recommend shop]",
                                           file_name, section.line, section.name));
}

void require_known_sections(const std::vector<ConfigSection>& sections, const std::string& file_name) {
  const std::vector<std::string> names(section_names.begin(), section_names.end());
  const auto is_there = [&sections](const char* name) {
    return std::ranges::find(sections, name, &ConfigSection::name) != sections.end();
  };
  for (const ConfigSection& section : sections) {
    if (std::ranges::find(names, section.name) != names.end()) continue;
    if (!named_kind(section.name).empty()) {
      require_name(section, file_name);
      continue;
    }
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
  for (const char* name : {"evaluate itemcf", "gate itemcf", "final itemcf"}) {
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
  if (section.starts_with("evaluate") || section.starts_with("gate")) return evaluate_job();
  if (section == "previous") return previous_job();
  if (section == "profile") return profile_job();
  if (section == "segments") return segments_job();
  if (section == "measure") return campaign_measure_job();
  if (kind_of_section(section) == "campaign") return campaign_assign_job();
  if (kind_of_section(section) == "recommend") return recommend_job();
  return kmeans_job();
}

bool may_repeat(const std::string& section, const std::string& option) {
  if (section == "variables") return false;
  return section == "quarterly" ? setting_may_repeat(option) : JobOptions(job_of(section)).may_repeat(option);
}

/// A word of an option of these sections.
struct ChainWord {
  std::string_view section;
  std::string_view option;
  std::string_view word;
};
constexpr std::array<ChainWord, 6> chain_words{{{"recommend", "model", "als"},
                                                {"recommend", "model", "itemcf"},
                                                {"recommend", "segments", "kmeans"},
                                                {"profile", "factors", "als"},
                                                {"kmeans", "input", "profile"},
                                                {"kmeans users", "input", "profile"}}};

}  // namespace

std::string kind_of_section(std::string_view title) {
  const std::string_view kind = named_kind(title);
  return std::string(kind.empty() ? title : kind.substr(0, kind.size() - 1));
}

std::string name_of_section(std::string_view title) {
  const std::string_view kind = named_kind(title);
  return std::string(kind.empty() ? std::string_view() : title.substr(kind.size()));
}

bool is_word_of_chain(std::string_view section, const ConfigEntry& entry) {
  const std::string kind = kind_of_section(section);
  return std::ranges::any_of(chain_words, [&](const ChainWord& word) {
    return word.section == kind && word.option == entry.name && word.word == entry.value;
  });
}

std::vector<ConfigSection> parse_chain(std::string_view text, const std::string& file_name,
                                       const std::vector<std::string>& given) {
  std::vector<ConfigSection> sections = parse_config_sections(text, file_name, may_repeat);
  require_known_sections(sections, file_name);
  set_options(sections, given);
  fill_in_variables(sections, file_name);
  for (ConfigSection& section : sections) {
    if (section.name == "quarterly" || section.name == "variables") continue;
    std::vector<ConfigEntry> absolute = section.entries;
    make_paths_absolute(job_of(section.name), absolute);
    for (std::size_t place = 0; place < absolute.size(); ++place) {
      if (!is_word_of_chain(section.name, section.entries[place])) section.entries[place] = absolute[place];
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
        return entry.name == "directory" || entry.name == "previous" ||
               (entry.name == "scheduler" && !scheduler.empty());
      });
      text += ini_line("directory", escaped_variables(directory));
      if (!scheduler.empty()) text += ini_line("scheduler", scheduler);
    }
    for (const ConfigEntry& entry : section.entries) text += ini_line(entry.name, escaped_variables(entry.value));
  }
  return text;
}

}  // namespace rankwise
