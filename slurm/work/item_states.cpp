#include "slurm/work/item_states.hpp"

#include <fmt/format.h>
#include <map>
#include <utility>

namespace rankwise::slurm {

namespace {

/// Its last run in this job; null where it has had none.
const Attempt* last_of(const Job& job, const std::vector<Attempt>& attempts) {
  for (auto attempt = attempts.rbegin(); attempt != attempts.rend(); ++attempt) {
    if (attempt->job == job.name) return &*attempt;
  }
  return nullptr;
}

/// An item that no queue has any more and that did not end by itself.
void explain_end(ItemState& state, const Attempt* last, const TaskInQueue& task) {
  const bool killed_alone = last != nullptr && last->exit_code && *last->exit_code > 128;
  if (!task.reason.empty()) {
    state.reason = task.reason;
  } else if (killed_alone) {
    state.reason = fmt::format("ended by signal {}", *last->exit_code - 128);
  } else if (last == nullptr) {
    state.reason = "left the queue before it ran";
  } else if (last->exit_code) {
    state.reason = "stopped early and was not queued again";
  } else {
    state.reason = fmt::format("its job ended under it on {}", last->host);
  }
  state.phase = killed_alone && task.place == TaskInQueue::Place::absent ? ItemPhase::failed : ItemPhase::lost;
}

}  // namespace

bool is_over(const Job& job, const std::vector<Attempt>& attempts) {
  const Attempt* last = last_of(job, attempts);
  return last != nullptr && last->exit_code && is_final(*last->exit_code);
}

ItemState item_state(const std::string& item, const Job& job, const TaskInQueue& task,
                     const std::vector<Attempt>& attempts) {
  using Place = TaskInQueue::Place;
  ItemState state{.name = item, .submission = job.submission, .exit_code = {}, .reason = {}, .job_id = task.id};
  const Attempt* last = last_of(job, attempts);
  if (last != nullptr) {
    state.exit_code = last->exit_code;
    if (state.job_id.empty()) state.job_id = last->job_id;
  }
  if (state.exit_code && is_final(*state.exit_code)) {
    state.phase = *state.exit_code == 0 ? ItemPhase::done : ItemPhase::failed;
    if (*state.exit_code != 0) state.reason = fmt::format("exit code {}", *state.exit_code);
    return state;
  }
  switch (task.place) {
    case Place::waiting:
      state.phase = ItemPhase::waiting;
      state.reason = task.reason;
      break;
    case Place::running:
      state.phase = last != nullptr && !last->exit_code ? ItemPhase::running : ItemPhase::waiting;
      break;
    case Place::succeeded:  // its record has not arrived here yet
      state.phase = ItemPhase::done;
      state.exit_code = 0;
      break;
    case Place::unknown:
      state.phase = ItemPhase::unknown;
      state.reason = task.reason;
      break;
    case Place::ended:
    case Place::absent:
      explain_end(state, last, task);
      break;
  }
  return state;
}

std::vector<ItemState> item_states(const std::vector<Job>& jobs, const QueueLookup& queue,
                                   const AttemptsLookup& attempts) {
  std::vector<std::string> order;
  std::map<std::string, std::pair<const Job*, std::size_t>> places;
  for (const Job& job : jobs) {
    for (std::size_t task = 0; task < job.tasks.size(); ++task) {
      for (const std::string& item : job.tasks[task]) {
        const auto [place, is_new] = places.try_emplace(item, &job, task);
        if (is_new) order.push_back(item);
        if (!job.refused) place->second = {&job, task};
      }
    }
  }
  std::vector<ItemState> states;
  for (const std::string& item : order) {
    const auto& [job, task] = places.at(item);
    states.push_back(item_state(item, *job, queue(*job, task), attempts(item)));
  }
  return states;
}

}  // namespace rankwise::slurm
