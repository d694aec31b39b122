// Campaigns: what last quarter's brought, and whom this quarter's are for.

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
  const std::string step_name = "measure-" + name;
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
  if (const std::string uplift = command.file("uplift"); !uplift.empty()) uplifts_[name] = uplift;
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
  const auto uplift = uplifts_.find(name);
  if (uplift != uplifts_.end()) add("uplift", uplift->second);
  SectionCommand command = section_command(campaign_assign_job(), with_paths(section), wired, chain_.file);
  // Lists are files of several names, one for each segment and channel.
  std::erase_if(command.files, [](const auto& file) { return file.first == "lists"; });
  take_files(add_step(step_name, campaign_assign_job(), command), command, {"assignment", "output"});
  products_.assignments.push_back(command.file("assignment"));
}

}  // namespace rankwise
