#pragma once
// What the threads that solve rows have of their own, and how transfers go on meanwhile.

#include <exception>
#include <functional>
#include <memory>
#include <vector>

#include "kernels/als/row_workspace.hpp"

namespace rankwise {

/// The threads of OpenMP.
class RowTeam {
 public:
  /// `progress` lets transfers move; it may throw.
  RowTeam(Index width, std::function<void()> progress);

  /// The calling thread's workspace.
  [[nodiscard]] kernels::RowWorkspace& workspace();
  /// To be called by every thread between portions of work: the first one, which alone may call MPI
  /// (MPI_THREAD_FUNNELED), lets transfers move. What goes wrong is kept, as nothing may leave a parallel region.
  void poll();
  /// Throws what poll() kept; outside of parallel regions.
  void rethrow() const;

  /// What all threads did.
  [[nodiscard]] kernels::SolveTally tally() const;

 private:
  Index width_;
  std::function<void()> progress_;
  std::exception_ptr failure_;  ///< the first thread's
  std::vector<std::unique_ptr<kernels::RowWorkspace>> workspaces_;
};

}  // namespace rankwise
