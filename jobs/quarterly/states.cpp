#include "jobs/quarterly/states.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>

#include "jobs/quarterly/chain/reader.hpp"
#include "jobs/quarterly/records.hpp"
#include "jobs/quarterly/serving.hpp"
#include "jobs/sweep/state/scheduler_folder.hpp"
#include "kernels/process/small_file.hpp"

namespace rankwise {

namespace {

using slurm::ItemPhase;
using slurm::ItemState;

StepState state_of(const ItemState& item) {
  StepState state{StepPhase::open, item.exit_code, item.reason, item.job_id, item.submission};
  switch (item.phase) {
    case ItemPhase::waiting:
      state.phase = StepPhase::waiting;
      break;
    case ItemPhase::running:
      state.phase = StepPhase::running;
      break;
    case ItemPhase::failed:
      state.phase = StepPhase::failed;
      break;
    case ItemPhase::lost:
      state.phase = StepPhase::lost;
      break;
    case ItemPhase::unknown:
      state.phase = StepPhase::unknown;
      break;
    case ItemPhase::done:  // once; its record says whether it still is
      break;
  }
  return state;
}

/// Of a gate that holds back a model, and of what was made before and stays.
std::string done_reason(const Chain& chain, std::size_t place, const std::vector<std::optional<StepRecord>>& records) {
  const ChainStep& step = chain.steps[place];
  if (step.is_made_once) return made_before(chain, place, records);
  return step.verdict.empty() ? std::string() : held_back_text(read_verdict(step.verdict));
}

bool blocks(const StepState& state) {
  return state.phase == StepPhase::failed || state.phase == StepPhase::lost || state.phase == StepPhase::stopped;
}

}  // namespace

bool is_in_queue(const StepState& state) {
  return state.phase == StepPhase::running || state.phase == StepPhase::waiting;
}

void require_answer(const StepState& state) {
  if (state.phase == StepPhase::unknown) throw Error(ExitCode::io_error, state.reason);
}

std::vector<StepState> step_states(const Chain& chain, slurm::Scheduler& scheduler) {
  // The scheduler first: a step that ends in between then has its record already.
  const std::vector<ItemState> items = scheduler.states();
  const std::vector<std::optional<StepRecord>> records = valid_records(chain);
  std::vector<StepState> states;
  for (std::size_t place = 0; place < chain.steps.size(); ++place) {
    const ChainStep& step = chain.steps[place];
    const auto item = std::ranges::find(items, step.name, &ItemState::name);
    StepState state = item == items.end() ? StepState() : state_of(*item);
    // A step that writes its record is still to end.
    if (records[place] && !is_in_queue(state)) {
      state = {StepPhase::done, {}, done_reason(chain, place, records), state.job_id, state.submission};
    } else if (state.phase == StepPhase::open && item != items.end()) {
      state.reason = what_changed(chain, place, records);
    }
    for (const std::size_t before : step.after) {
      if (state.phase != StepPhase::lost || !blocks(states[before])) continue;
      state.phase = StepPhase::stopped;
      state.reason = fmt::format("follows {}", chain.steps[before].name);
      break;
    }
    states.push_back(std::move(state));
  }
  return states;
}

std::vector<StepState> step_states(const Chain& chain) {
  const std::string& directory = chain.settings.directory;
  if (std::filesystem::exists(scheduler_folder(directory))) {
    return step_states(chain, *make_scheduler(directory, chain.settings.run));
  }
  std::vector<StepState> states(chain.steps.size());
  const std::vector<std::optional<StepRecord>> records = valid_records(chain);
  for (std::size_t place = 0; place < states.size(); ++place) {
    if (!records[place]) continue;
    states[place].phase = StepPhase::done;
    states[place].reason = done_reason(chain, place, records);
  }
  return states;
}

std::vector<std::string> unfinished_before(const Chain& chain) {
  std::vector<std::string> warnings;
  const std::string& directory = chain.settings.previous;
  if (directory.empty() || !std::filesystem::exists(chain_path(directory))) return warnings;
  const Chain earlier = read_chain(read_small_file(chain_path(directory)), chain_path(directory));
  if (earlier.settings.directory != directory) return warnings;  // moved or copied since
  const std::vector<StepState> states = step_states(earlier);
  for (std::size_t place = 0; place < states.size(); ++place) {
    const ChainStep& step = earlier.steps[place];
    std::string reason = unfinished_reason(earlier, place);
    if (reason.empty() && (blocks(states[place]) || is_in_queue(states[place])))
      reason = phase_name(states[place].phase);
    if (reason.empty()) continue;
    const std::string text = fmt::format("previous {}: its step {} is not done: {}", directory, step.name, reason);
    const bool is_read = std::ranges::any_of(step.outputs, [&chain](const std::string& path) {
      return std::ranges::any_of(chain.steps, [&path](const ChainStep& reader) {
        return std::ranges::find(reader.inputs, path) != reader.inputs.end();
      });
    });
    if (is_read) {
      throw Error(ExitCode::no_input,
                  fmt::format("{}; expected last quarter's chain to be finished, or [previous] with files", text));
    }
    warnings.push_back(text);
  }
  return warnings;
}

const char* phase_name(StepPhase phase) {
  switch (phase) {
    case StepPhase::done:
      return "done";
    case StepPhase::running:
      return "running";
    case StepPhase::waiting:
      return "waiting";
    case StepPhase::failed:
      return "failed";
    case StepPhase::lost:
      return "lost";
    case StepPhase::stopped:
      return "stopped";
    case StepPhase::open:
      return "to do";
    case StepPhase::unknown:
      return "unknown";
  }
  return "";
}

std::string states_text(const Chain& chain, const std::vector<StepState>& states) {
  std::string text;
  for (std::size_t place = 0; place < states.size(); ++place) {
    const StepState& state = states[place];
    const std::string& name = chain.steps[place].name;
    text += fmt::format("{:<15} {}", name, phase_name(state.phase));
    if (!state.job_id.empty() && state.phase != StepPhase::done) text += fmt::format(" (job {})", state.job_id);
    if (!state.reason.empty()) text += ": " + state.reason;
    text += "\n";
    if (state.phase != StepPhase::failed && state.phase != StepPhase::lost) continue;
    for (const std::string& line : log_tail(chain.settings.directory, name)) text += "    " + line + "\n";
  }
  return text;
}

}  // namespace rankwise
