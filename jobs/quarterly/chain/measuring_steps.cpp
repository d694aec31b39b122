// Whether models are good enough to serve.

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "jobs/evaluate/evaluate.hpp"
#include "jobs/evaluate/metrics.hpp"
#include "jobs/quarterly/chain/chain_reader.hpp"
#include "kernels/base/error.hpp"

namespace rankwise {

void ChainReader::read_evaluate(const ConfigSection& section, const ChainModel& model) {
  const NamedValues wired{
      {"data", products_.data}, {"model", model.path}, {"output", in_folder(model.file("metrics.json"))}};
  const SectionCommand command = section_command(evaluate_job(), section, wired, chain_.file);
  require_heldout(section, command.file("data"));
  if (model.ranks_alone && command.file("model") == model.path) require_ranking_metrics(section, model);
  take_files(add_step("evaluate" + model.suffix, evaluate_job(), command), command, {"output", "report", "per-user"});
}

/// Last quarter's model of the same kind, which can serve in the place of this one; empty: there is none.
std::string ChainReader::older_model(const ChainModel& model) const {
  const QuarterFiles& previous = chain_.previous;
  return model.job == "als" ? previous.model : previous.item_model;
}

/// What [gate] says, and how [evaluate] measures.
ConfigSection ChainReader::gate_section(const ChainModel& model) const {
  constexpr std::array<std::string_view, 5> measures{"metrics", "definitions", "categories", "seen", "candidates"};
  const ConfigSection* own = find(model.section("gate"));
  const ConfigSection* evaluation = find(model.section("evaluate"));
  ConfigSection section = own != nullptr ? *own : ConfigSection{model.section("gate"), 0, {}};
  if (evaluation == nullptr) return section;
  if (own == nullptr) section.line = evaluation->line;
  for (const ConfigEntry& entry : evaluation->entries) {
    if (std::ranges::find(measures, entry.name) != measures.end() && !has_entry(section, entry.name))
      section.entries.push_back(entry);
  }
  return section;
}

/// The new model beside last quarter's, on the same hold-out. evaluate decides; the chain continues either way.
void ChainReader::read_gate(ChainModel& model) {
  const ConfigSection* own = find(model.section("gate"));
  const std::string older = older_model(model);
  const std::string& other = model.job == "als" ? chain_.previous.item_model : chain_.previous.model;
  if (older.empty() && !other.empty() && models_.size() == 1 && chain_.settings.has_gate && own == nullptr) {
    chain_.warnings.push_back(
        fmt::format("{}: there is no gate, and the new model serves: last quarter's model {} is of another kind, and "
                    "could not take "
                    "its place; gate = no in [quarterly] if this is meant",
                    chain_.file, other));
  }
  const bool is_wanted = own != nullptr || (chain_.settings.has_gate && !older.empty() && !model.step.empty());
  if (!is_wanted) return;
  if (!chain_.settings.has_gate) refuse(*own, "has a meaning only without gate = no in [quarterly]");
  const ConfigSection section = gate_section(model);
  if (model.step.empty()) refuse(section, "has a meaning only with [als], [itemcf] or [sweep]");
  // Of the first quarter, whose file the next one takes over.
  if (older.empty() && !has_entry(section, "against")) {
    chain_.warnings.push_back(fmt::format(
        "{}:{}: [{}] has nothing to compare with, and the new model serves; expected previous = DIR in [quarterly], or "
        "against = FILE here",
        chain_.file, section.line, section.name));
    return;
  }
  if (!model.is_of_part || !holds_out_) {
    throw Error(ExitCode::usage,
                fmt::format("{}: the gate compares the new model with last quarter's on what is held out, and nothing "
                            "is; expected split in [prepare], as in split = temporal:0.1, or gate = no in [quarterly]",
                            chain_.file));
  }
  if (!holds_out_last_) {
    chain_.warnings.push_back(fmt::format(
        "{}: the gate compares with a model that may know part of what [prepare] holds out, and is then too good: "
        "expected split = temporal:SHARE that holds out only what is later than last quarter's log",
        chain_.file));
  }
  NamedValues wired{{"data", products_.data},
                    {"model", model.path},
                    {"output", in_folder(model.file("gate.json"))},
                    {"report", in_folder(model.file("gate.html"))}};
  if (!older.empty()) wired.emplace_back("against", older);
  const SectionCommand command = section_command(evaluate_job(), section, wired, chain_.file);
  if (command.file("model") != model.path)
    refuse(section, "model: expected none, since the gate is of the chain's own");
  if (model.ranks_alone) require_ranking_metrics(section, model);
  ChainStep& step = add_step("gate" + model.suffix, evaluate_job(), command);
  take_files(step, command, {"output", "report", "per-user"});
  step.verdict = command.file("output");
  model.choice = {step.verdict, command.file("against"), {}};
}

void ChainReader::require_heldout(const ConfigSection& section, const std::string& data) const {
  const ConfigSection* prepare = find("prepare");
  if (prepare == nullptr || holds_out_ || data != products_.data) return;
  refuse(section, "needs what was held out; expected split in [prepare], as in split = random:0.1");
}

void ChainReader::require_ranking_metrics(const ConfigSection& section, const ChainModel& model) const {
  const auto entry = std::ranges::find(section.entries, "metrics", &ConfigEntry::name);
  if (entry == section.entries.end() || entry->value == "auto") return;
  for (const EvaluationMetric& metric : parse_metrics(entry->value)) {
    if (metric.ranks()) continue;
    throw Error(
        ExitCode::usage,
        fmt::format("{}:{}: [{}] metrics {}: expected a model of explicit ratings; the chain's is {}", chain_.file,
                    entry->line, section.name, metric.name, model.job == "itemcf" ? "an item model" : "implicit"));
  }
}

}  // namespace rankwise
