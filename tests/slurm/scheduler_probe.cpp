// scheduler_probe local|slurm FOLDER [OPTIONS]: a scheduler at the end of a pipe, for the Python tests. One JSON object
// per line on standard input, one per answer on standard output:
//   {"do": "submit", "submission": {"name", "items": [{"name", "command"}], "resources": {...}, "after": [...],
//   "batch": {...}}}
//   {"do": "settle"} -> {"told": [...]}  {"do": "states"}  {"do": "cancel", "items": [...]}  {"do": "wait", "seconds":
//   1}  {"do": "stop", "seconds": 5}
// OPTIONS of a local one: CORES MEMORY_BYTES, of Slurm's: seconds to look for jobs without an answer. An Error becomes
// {"error": line, "code": exit code}.

#include <fmt/format.h>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "kernels/base/error.hpp"
#include "slurm/batch/slurm_scheduler.hpp"
#include "slurm/work/local_scheduler.hpp"

namespace rankwise::slurm {
namespace {

using Json = nlohmann::json;

template <class Value>
void read(const Json& object, const char* name, Value& value) {
  if (object.contains(name)) object.at(name).get_to(value);
}

Submission submission_of(const Json& json) {
  Submission submission;
  read(json, "name", submission.name);
  read(json, "signal_seconds", submission.signal_seconds);
  for (const Json& item : json.at("items")) submission.items.push_back({item.at("name"), item.at("command")});
  if (json.contains("resources")) {
    const Json& need = json.at("resources");
    read(need, "nodes", submission.resources.nodes);
    read(need, "tasks", submission.resources.tasks);
    read(need, "cpus_per_task", submission.resources.cpus_per_task);
    read(need, "memory_bytes_per_node", submission.resources.memory_bytes_per_node);
    read(need, "time_limit_seconds", submission.resources.time_limit_seconds);
  }
  if (json.contains("batch")) {
    const Json& batch = json.at("batch");
    read(batch, "partition", submission.batch.partition);
    read(batch, "account", submission.batch.account);
    read(batch, "qos", submission.batch.qos);
    read(batch, "constraint", submission.batch.constraint);
    read(batch, "extra_lines", submission.batch.extra_lines);
    read(batch, "jobs_at_once", submission.batch.jobs_at_once);
    read(batch, "items_per_job", submission.batch.items_per_job);
    read(batch, "items_at_once", submission.batch.items_at_once);
  }
  for (const Json& after : json.value("after", Json::array())) {
    submission.after.push_back(
        {after.at("submission"), after.at("on") == "succeeded" ? Dependency::On::succeeded : Dependency::On::ended});
  }
  return submission;
}

const char* name_of(ItemPhase phase) {
  switch (phase) {
    case ItemPhase::waiting:
      return "waiting";
    case ItemPhase::running:
      return "running";
    case ItemPhase::done:
      return "done";
    case ItemPhase::failed:
      return "failed";
    case ItemPhase::lost:
      return "lost";
    case ItemPhase::unknown:
      return "unknown";
  }
  return "?";
}

Json json_of(const std::vector<ItemState>& states) {
  Json all = Json::array();
  for (const ItemState& state : states) {
    all.push_back({{"name", state.name},
                   {"submission", state.submission},
                   {"phase", name_of(state.phase)},
                   {"exit_code", state.exit_code ? Json(*state.exit_code) : Json()},
                   {"reason", state.reason},
                   {"job_id", state.job_id}});
  }
  return all;
}

Json answer(Scheduler& scheduler, LocalScheduler* local, const Json& request) {
  const std::string what = request.at("do");
  if (what == "settle") {
    Json told = Json::array();
    scheduler.set_notice([&told](const std::string& line) { told.push_back(line); });
    scheduler.settle();
    scheduler.set_notice({});
    return {{"told", told}};
  }
  if (what == "submit") scheduler.submit(submission_of(request.at("submission")));
  if (what == "states") return json_of(scheduler.states());
  if (what == "cancel") scheduler.cancel(request.at("items").get<std::vector<std::string>>());
  if (what == "wait") scheduler.wait(request.at("seconds"));
  if (what == "stop") local->stop(request.at("seconds"));
  return Json::object();
}

void serve(const std::vector<std::string>& arguments) {
  std::unique_ptr<LocalScheduler> local;
  std::unique_ptr<SlurmScheduler> slurm;
  const std::string& folder = arguments.at(1);
  if (arguments.at(0) == "local") {
    local = std::make_unique<LocalScheduler>(
        folder, LocalLimits{.cores = std::stoll(arguments.at(2)), .memory_bytes = std::stoll(arguments.at(3))});
  } else {
    slurm = std::make_unique<SlurmScheduler>(
        folder, arguments.size() > 2 ? std::stod(arguments.at(2)) : SlurmScheduler::late_answer_seconds);
  }
  Scheduler& scheduler = local ? static_cast<Scheduler&>(*local) : *slurm;
  for (std::string line; std::getline(std::cin, line);) {
    Json reply;
    try {
      reply = answer(scheduler, local.get(), Json::parse(line));
    } catch (const Error& error) {
      reply = {{"error", error.what()}, {"code", static_cast<int>(error.code())}};
    }
    std::cout << reply.dump() << std::endl;
  }
}

}  // namespace
}  // namespace rankwise::slurm

int main(int argc, char** argv) {
  try {
    rankwise::slurm::serve({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::cerr << "scheduler_probe: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
