#include "jobs/quarterly/chain/chain_reader.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>

#include "io/files/content_hash.hpp"
#include "jobs/quarterly/chain/file.hpp"
#include "jobs/quarterly/chain/links.hpp"
#include "jobs/quarterly/chain/step_resources.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

namespace fs = std::filesystem;

ChainReader::ChainReader(Chain& chain, std::vector<ConfigSection> sections)
    : chain_(chain), sections_(std::move(sections)), products_(chain.products) {
  products_.data = in_folder("dataset.h5");
}

void ChainReader::read() {
  // 1. Models of the training part.
  if (const ConfigSection* section = find("prepare")) read_prepare(*section);
  if (const ConfigSection* section = find("sweep")) read_sweep(*section);
  warm_start_als();
  if (const ConfigSection* section = find("als")) read_als(*section);
  if (const ConfigSection* section = find("itemcf")) read_itemcf(*section);
  if (models_.empty()) {
    models_.push_back({.job = "als", .path = in_folder("model.h5"), .step = {}, .suffix = {}, .choice = {}});
  }

  // 2. How good they are, and which serve.
  for (const ChainModel& model : models_) {
    if (const ConfigSection* section = find(model.section("evaluate"))) read_evaluate(*section, model);
  }
  for (ChainModel& model : models_) read_gate(model);
  for (ChainModel& model : models_) read_final(model);
  for (const ChainModel& model : models_) (model.job == "als" ? products_.model : products_.item_model) = model.path;

  // 3. What is made with them.
  if (const ConfigSection* section = find("profile")) read_profile(*section);
  for (const char* side : {"", "users", "items"}) {
    const std::string name = *side == '\0' ? "kmeans" : fmt::format("kmeans {}", side);
    if (const ConfigSection* section = find(name)) read_kmeans(*section, side);
  }
  for (const ConfigSection& section : sections_) {
    if (kind_of_section(section.name) == "recommend") read_recommend(section);
  }
  if (const ConfigSection* section = find("segments")) read_segments(*section);
  for (const std::string& assignment : chain_.previous.assignments) read_measure(assignment);
  for (const ConfigSection& section : sections_) {
    if (kind_of_section(section.name) == "campaign") read_campaign(section);
  }
  if (chain_.steps.empty())
    throw Error(ExitCode::usage, fmt::format("{}: no steps; expected a section such as [prepare]", chain_.file));
  if (chain_.settings.has_page) add_page();
  link_steps(chain_);
  hand_on();
}

void ChainReader::add_page() {
  ChainStep page;
  page.name = "page";
  page.makes_page = true;
  page.configuration = "quarterly page\n";
  for (const auto& [name, value] : chain_.variables)
    page.configuration += fmt::format("variables.{} = {}\n", name, value);
  // What is made once stays as it is, which the page says.
  for (const ChainStep& step : chain_.steps) {
    if (step.is_made_once) page.configuration += content_hash(step.configuration) + "\n";
  }
  for (const ChainStep& step : chain_.steps)
    page.inputs.insert(page.inputs.end(), step.outputs.begin(), step.outputs.end());
  if (!chain_.previous.numbers.empty()) page.inputs.push_back(chain_.previous.numbers);
  page.resources = resources_of(chain_, "page");
  products_.page = in_folder("index.html");
  products_.numbers = in_folder("quarter.json");
  page.outputs = {products_.numbers, products_.page};
  chain_.steps.push_back(std::move(page));
}

void ChainReader::hand_on() {
  const auto is_known = [this](const std::string& path) {
    return std::ranges::any_of(chain_.steps, [&path](const ChainStep& step) {
      return std::ranges::find(step.outputs, path) != step.outputs.end() ||
             std::ranges::find(step.inputs, path) != step.inputs.end();
    });
  };
  for (std::string* path : {&products_.data, &products_.model, &products_.item_model}) {
    if (!is_known(*path)) path->clear();
  }
}

std::string ChainReader::in_folder(const std::string& name) const {
  return (fs::path(chain_.settings.directory) / name).string();
}

const ConfigSection* ChainReader::find(const std::string& name) const {
  const auto found = std::ranges::find(sections_, name, &ConfigSection::name);
  return found == sections_.end() ? nullptr : &*found;
}

bool ChainReader::has_entry(const ConfigSection& section, std::string_view name) {
  return std::ranges::find(section.entries, name, &ConfigEntry::name) != section.entries.end();
}

void ChainReader::refuse(const ConfigSection& section, const std::string& reason) const {
  throw Error(ExitCode::usage, fmt::format("{}:{}: [{}] {}", chain_.file, section.line, section.name, reason));
}

void ChainReader::refuse(const ConfigSection& section, const ConfigEntry& entry, const std::string& reason) const {
  throw Error(ExitCode::usage,
              fmt::format("{}:{}: [{}] {}: {}", chain_.file, entry.line, section.name, entry.name, reason));
}

ChainStep& ChainReader::add_step(const std::string& name, const Job& job, const SectionCommand& command) {
  ChainStep& step = chain_.steps.emplace_back();
  step.name = name;
  step.commands = {{job, command.arguments}};
  step.configuration = command.configuration;
  step.launch = command.launch;
  step.resources = resources_of(chain_, name.substr(0, name.find('-')));
  return step;
}

void ChainReader::take_files(ChainStep& step, const SectionCommand& command,
                             std::initializer_list<std::string_view> outputs) {
  for (const auto& [option, path] : command.files) {
    if (std::ranges::find(outputs, option) != outputs.end()) {
      step.outputs.push_back(path);
    } else if (option != "checkpoint" && option != "directory") {
      step.inputs.push_back(path);
    }
  }
}

NamedValues ChainReader::checkpoint_options(const ConfigSection& section, const std::string& step) const {
  if (has_entry(section, "checkpoint")) return {};
  NamedValues options{{"checkpoint", checkpoint_folder(step)}};
  if (!has_entry(section, "checkpoint-every") && !has_entry(section, "checkpoint-interval"))
    options.emplace_back("checkpoint-interval", "00:10:00");
  return options;
}

std::string ChainReader::checkpoint_folder(const std::string& step) const {
  return (fs::path(in_folder("checkpoints")) / step).string();
}

bool ChainReader::has_checkpoints_of(const SectionCommand& command, const std::string& folder) const {
  return command.file("checkpoint") == folder;
}

const ChainStep* ChainReader::step_named(std::string_view name) const {
  return &*std::ranges::find(chain_.steps, name, &ChainStep::name);
}

std::string ChainReader::path_of_word(const ConfigSection& section, const ConfigEntry& entry) const {
  const std::string& path = entry.value == "profile"  ? products_.profile
                            : entry.value == "kmeans" ? products_.clustering
                            : entry.value == "als"    ? products_.model
                                                      : products_.item_model;
  if (!path.empty()) return path;
  refuse(section, entry,
         fmt::format("the chain has no step {0} before this one; expected ./{0} if it is a file", entry.value));
}

ConfigSection ChainReader::with_paths(const ConfigSection& section) const {
  ConfigSection resolved = section;
  for (ConfigEntry& entry : resolved.entries) {
    if (is_word_of_chain(section.name, entry)) entry.value = path_of_word(section, entry);
  }
  return resolved;
}

}  // namespace rankwise
