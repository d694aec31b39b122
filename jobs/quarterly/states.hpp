#pragma once
// Where each step of a chain stands: from its records first, from the scheduler second.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "jobs/quarterly/chain/chain.hpp"

namespace rankwise {

enum class StepPhase {
  done,     ///< its record is there, and fits, and no job of it is left
  running,  ///< as the scheduler has it
  waiting,  ///< in the queue
  failed,   ///< ended with an error
  lost,     ///< was in the queue, and is no longer, without having ended
  stopped,  ///< behind a step that failed or was lost, and taken out of the queue for that
  open,     ///< to be done: never begun, or what it wrote is no longer what its options and inputs make
  unknown   ///< the batch system does not answer
};

struct StepState {
  StepPhase phase = StepPhase::open;
  std::optional<int> exit_code;  ///< failed: of its last run
  std::string reason;            ///< one line; may be empty. Of a gate that is done: that it holds back the model;
                                 ///< of what is made once: that it is not as options and inputs are now
  std::string job_id;            ///< of the scheduler; may be empty
  std::string submission;        ///< likewise: its last one
};

/// What the scheduler says of its folder's items. Throws Error(io_error).
[[nodiscard]] std::vector<StepState> step_states(const Chain& chain, slurm::Scheduler& scheduler);

/// Likewise, by records alone where nothing was ever submitted.
[[nodiscard]] std::vector<StepState> step_states(const Chain& chain);

/// Of last quarter's chain, if its folder is named: warnings of steps that are not done. Throws Error(no_input) if such
/// a step makes a file that this chain reads.
[[nodiscard]] std::vector<std::string> unfinished_before(const Chain& chain);

[[nodiscard]] const char* phase_name(StepPhase phase);
[[nodiscard]] bool is_in_queue(const StepState& state);
/// Throws Error(io_error) where the state is unknown.
void require_answer(const StepState& state);

/// Of each step a line with its state, and where it failed the reason and the end of its log.
[[nodiscard]] std::string states_text(const Chain& chain, const std::vector<StepState>& states);

}  // namespace rankwise
