// Campaigns: what last quarter's brought, and whom this quarter's are for.

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <string_view>

#include "jobs/campaign/assign.hpp"
#include "jobs/campaign/measure/measure.hpp"
#include "jobs/quarterly/chain/chain_reader.hpp"
#include "jobs/quarterly/chain/file.hpp"

namespace rankwise {

namespace {

/// "spring" of q2/campaign-spring.h5.
std::string campaign_of(const std::string& assignment) {
  constexpr std::string_view begin = "campaign-";
  const std::string stem = std::filesystem::path(assignment).stem().string();
  return stem.starts_with(begin) ? stem.substr(begin.size()) : stem;
}

}  // namespace

/// Each of last quarter's assignments by itself, with the options of [measure]: what it brought by segment and offer is
/// for the campaign of the same name.
void ChainReader::read_measure(const std::string& assignment) {
  const ConfigSection* own = find("measure");
  const ConfigSection section = own != nullptr ? *own : ConfigSection{"measure", 0, {}};
  for (const ConfigEntry& entry : section.entries) {
    if (entry.name == "assignment")
      refuse(section, entry, "expected none: last quarter's campaigns are measured; [previous] may name others");
  }
  const std::string name = campaign_of(assignment);
  const std::string step_name = measure_step_name(name);
  NamedValues wired{{"assignment", assignment},
                    {"outcomes", products_.data},
                    {"output", in_folder(step_name + ".json")},
                    {"report", in_folder(step_name + ".html")}};
  if (has_entry(section, "margin")) wired.emplace_back("uplift", in_folder(step_name + ".csv"));
  const SectionCommand command = section_command(campaign_measure_job(), section, wired, chain_.file);
  ChainStep& step = add_step(step_name, campaign_measure_job(), command);
  take_files(step, command, {"output", "report", "uplift"});
  step.assignment = assignment;
  step.data = command.file("outcomes");
  if (const std::string uplift = command.file("uplift"); !uplift.empty()) {
    const bool is_new = uplifts_.insert_or_assign(name, MeasuredUplift{uplift, assignment}).second;
    if (!is_new) {
      chain_.warnings.push_back(
          fmt::format("{}: several campaigns {} are measured; [campaign {}] may have the uplifts "
                      "of the last one alone: {}",
                      chain_.file, name, name, assignment));
    }
  }
}

/// "measure-late"; "measure-late-2" of a second campaign of that name, unless another one is measured under it.
std::string ChainReader::measure_step_name(const std::string& campaign) const {
  const std::string first = "measure-" + campaign;
  const auto is_taken = [this](const std::string& name) {
    return std::ranges::find(chain_.steps, name, &ChainStep::name) != chain_.steps.end();
  };
  const auto is_of_other = [this](const std::string& name) {
    return std::ranges::any_of(chain_.previous.assignments, [&name](const std::string& assignment) {
      return "measure-" + campaign_of(assignment) == name;
    });
  };
  std::string name = first;
  for (int number = 2; is_taken(name) || (name != first && is_of_other(name)); ++number)
    name = fmt::format("{}-{}", first, number);
  return name;
}

/// Last quarter's clusters have other numbers than this quarter's: uplifts go to segments by their matches, or to none.
void ChainReader::wire_uplift(const ConfigSection& section, NamedValues& wired) {
  const auto found = uplifts_.find(name_of_section(section.name));
  if (found == uplifts_.end() || has_entry(section, "uplift")) return;
  const MeasuredUplift& uplift = found->second;
  const bool names_segments = has_entry(section, "segments");  // campaign assign warns of numbers
  const bool is_of_chain = !names_segments && !products_.clustering.empty();
  const std::filesystem::path before = chain_.previous.clustering;
  const bool is_of_before = before.parent_path() == std::filesystem::path(uplift.assignment).parent_path();
  const bool has_matches = is_of_chain && !uplift_matches_.empty() && is_of_before;
  if (is_of_chain && !has_matches) {
    chain_.warnings.push_back(fmt::format(
        "{}:{}: [{}] does not use the uplifts of {}: nothing says which of this quarter's segments match its segments; "
        "expected [segments], and last quarter's clustering in the folder of the assignment",
        chain_.file, section.line, section.name, uplift.assignment));
    return;
  }
  wired.emplace_back("uplift", uplift.table);
  if (has_matches) wired.emplace_back("uplift-matches", uplift_matches_);
}

void ChainReader::read_campaign(const ConfigSection& section) {
  const std::string name = name_of_section(section.name);
  const std::string step_name = "campaign-" + name;
  NamedValues wired{{"data", products_.data},
                    {"assignment", in_folder(step_name + ".h5")},
                    {"output", in_folder(step_name + ".json")}};
  const auto add = [&wired](const char* option, const std::string& path) {
    if (!path.empty()) wired.emplace_back(option, path);
  };
  add("segments", products_.clustering);
  if (!products_.clustering.empty()) add("names", products_.names);
  add("profile", products_.profile);
  wire_uplift(section, wired);
  SectionCommand command = section_command(campaign_assign_job(), with_paths(section), wired, chain_.file);
  // Lists are files of several names, one for each segment and channel.
  std::erase_if(command.files, [](const auto& file) { return file.first == "lists"; });
  ChainStep& step = add_step(step_name, campaign_assign_job(), command);
  step.is_made_once = true;
  take_files(step, command, {"assignment", "output"});
  products_.assignments.push_back(command.file("assignment"));
}

}  // namespace rankwise
