#include "jobs/sweep/plan/programs.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "kernels/text/number_text.hpp"

namespace rankwise {

namespace {

constexpr std::string_view regularization = "regularization";

double strength(const Trial& trial) {
  const auto found = std::ranges::find(trial.point, regularization, &Assignment::name);
  if (found == trial.point.end()) return 0;
  std::string_view text = found->value;
  return take_finite_number(text).value_or(0);
}

/// All else that the trial has.
SearchPoint rest_of(const Trial& trial) {
  SearchPoint rest;
  std::ranges::copy_if(trial.point, std::back_inserter(rest),
                       [](const Assignment& assignment) { return assignment.name != regularization; });
  return rest;
}

}  // namespace

void link_paths(SweepPlan& plan) {
  std::map<SearchPoint, std::vector<std::size_t>> paths;
  for (std::size_t trial = 0; trial < plan.trials.size(); ++trial) paths[rest_of(plan.trials[trial])].push_back(trial);
  for (auto& [rest, path] : paths) {
    std::ranges::stable_sort(path, std::ranges::greater(), [&](std::size_t t) { return strength(plan.trials[t]); });
    for (std::size_t place = 1; place < path.size(); ++place) plan.trials[path[place]].after = path[place - 1];
  }
}

std::vector<std::size_t> path_to(const SweepPlan& plan, std::size_t trial) {
  std::vector<std::size_t> path{trial};
  while (plan.trials[path.back()].after) path.push_back(*plan.trials[path.back()].after);
  std::ranges::reverse(path);
  return path;
}

std::vector<std::vector<std::size_t>> trials_of_programs(const SweepPlan& plan) {
  // 1. Paths, in the order of their beginnings.
  std::map<std::size_t, std::vector<std::size_t>> paths;
  for (std::size_t trial = 0; trial < plan.trials.size(); ++trial) {
    const std::vector<std::size_t> path = path_to(plan, trial);
    std::vector<std::size_t>& longest = paths[path.front()];
    if (path.size() > longest.size()) longest = path;
  }
  // 2. Together until they are enough.
  std::vector<std::vector<std::size_t>> programs;
  for (const auto& [first, path] : paths) {
    if (programs.empty() || static_cast<Index>(programs.back().size()) >= plan.trials_per_program) {
      programs.emplace_back();
    }
    programs.back().insert(programs.back().end(), path.begin(), path.end());
  }
  return programs;
}

}  // namespace rankwise
