#include "distributed/als/row_team.hpp"

#include <omp.h>
#include <utility>

namespace rankwise {

RowTeam::RowTeam(Index width, std::function<void()> progress)
    : width_(width), progress_(std::move(progress)), workspaces_(static_cast<std::size_t>(omp_get_max_threads())) {}

kernels::RowWorkspace& RowTeam::workspace() {
  auto& own = workspaces_[static_cast<std::size_t>(omp_get_thread_num())];
  if (!own) own = std::make_unique<kernels::RowWorkspace>(width_);  // by its thread, near which its memory then is
  return *own;
}

void RowTeam::poll() {
  if (omp_get_thread_num() != 0 || failure_) return;
  try {
    progress_();
  } catch (...) {
    failure_ = std::current_exception();
  }
}

void RowTeam::rethrow() const {
  if (failure_) std::rethrow_exception(failure_);
}

kernels::SolveTally RowTeam::tally() const {
  kernels::SolveTally sum;
  for (const auto& workspace : workspaces_) {
    if (workspace) sum += workspace->tally;
  }
  return sum;
}

}  // namespace rankwise
