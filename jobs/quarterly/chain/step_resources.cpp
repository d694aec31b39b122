#include "jobs/quarterly/chain/step_resources.hpp"

#include <algorithm>
#include <cstdint>
#include <fmt/format.h>

#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

/// What the step that looks on while a sweep runs asks for, unless it is said; it comes back as often as needed.
constexpr std::int64_t looking_memory_bytes = std::int64_t{1} << 30;
constexpr std::int64_t looking_seconds = std::int64_t{4} * 3600;

void require_rank_on_each_node(const Chain& chain, const slurm::Resources& resources, const std::string& step) {
  if (resources.tasks >= resources.nodes) return;
  throw Error(ExitCode::usage, fmt::format("{}: [quarterly] {} ranks on {} nodes for {}; expected at least one on each",
                                           chain.file, resources.tasks, resources.nodes, step));
}

}  // namespace

slurm::Resources resources_of(const Chain& chain, const std::string& step) {
  const ChainSettings& settings = chain.settings;
  slurm::Resources resources;
  const bool looks_on = step == "sweep";
  resources.memory_bytes_per_node =
      settings.need(step, &StepNeeds::memory_bytes).value_or(looks_on ? looking_memory_bytes : 0);
  resources.time_limit_seconds =
      settings.need(step, &StepNeeds::time_limit_seconds).value_or(looks_on ? looking_seconds : 0);
  if (looks_on) return resources;
  resources.nodes = settings.need(step, &StepNeeds::nodes).value_or(1);
  resources.tasks = settings.need(step, &StepNeeds::ranks).value_or(resources.nodes);
  resources.cpus_per_task = settings.need(step, &StepNeeds::threads_per_rank).value_or(1);
  require_rank_on_each_node(chain, resources, step);
  return resources;
}

slurm::Resources resources_like(const Chain& chain, const ChainStep& like, const std::string& step) {
  slurm::Resources resources = like.resources;
  const auto found = chain.settings.needs.find(step);
  if (found == chain.settings.needs.end()) return resources;
  const StepNeeds& needs = found->second;
  resources.memory_bytes_per_node = needs.memory_bytes.value_or(resources.memory_bytes_per_node);
  resources.time_limit_seconds = needs.time_limit_seconds.value_or(resources.time_limit_seconds);
  resources.nodes = needs.nodes.value_or(resources.nodes);
  resources.tasks = needs.ranks.value_or(std::max(resources.tasks, resources.nodes));
  resources.cpus_per_task = needs.threads_per_rank.value_or(resources.cpus_per_task);
  require_rank_on_each_node(chain, resources, step);
  return resources;
}

}  // namespace rankwise
