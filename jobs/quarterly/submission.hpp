#pragma once
// Hands a chain's open steps to its scheduler.

#include <string>
#include <vector>

#include "jobs/quarterly/states.hpp"
#include "slurm/work/scheduler.hpp"

namespace rankwise {

/// Throws Error(usage) where steps of another file, or of another scheduler, or trials of their sweep are in this
/// folder's queue, and io_error where the queue does not answer.
void require_same_queue(const Chain& chain);

/// Submits every step that is neither done nor in the queue, each after those that it reads from; tells their names.
/// The chain is the folder's from then on. Throws Error (usage, cannot_create, io_error).
std::vector<std::string> submit_open_steps(const Chain& chain, slurm::Scheduler& scheduler);

}  // namespace rankwise
