#include "jobs/sweep/shared_plan.hpp"

#include <optional>

#include "jobs/sweep/plan/plan_file.hpp"
#include "jobs/sweep/state/settings.hpp"
#include "jobs/sweep/state/swept_data.hpp"

namespace rankwise {

SweepPlan shared_plan(const Communicator& comm, const std::string& directory, const std::vector<std::string>& tasks) {
  std::string text = agree_on(comm, [&] {
    if (!comm.is_root()) return std::string();
    SweepPlan plan = tasks.empty() ? read_plan(directory) : read_plan_of_tasks(directory, tasks);
    place_data(plan, directory);
    return plan_json(plan);
  });
  comm.broadcast(text);
  return parse_plan(text, directory);
}

std::vector<std::string> locking_arguments(const Communicator& comm, const std::string& directory) {
  const bool is_off = root_finds(comm, [&] {
    const std::optional<RunSettings> settings = read_settings(directory);
    return settings && settings->locking == Locking::off;
  });
  return is_off ? std::vector<std::string>{"--lock", "off"} : std::vector<std::string>();
}

}  // namespace rankwise
