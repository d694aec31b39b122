#pragma once
// What the ranks of a launch see of each other and of their nodes.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "jobs/doctor/findings.hpp"
#include "jobs/run/job.hpp"

namespace rankwise {

struct LaunchView {
  Index ranks = 0;
  Index nodes = 0;
  Index most_ranks_per_node = 0;
  Index min_cores = 0;  ///< that a rank may run on
  Index max_cores = 0;
  Index node_cores = 0;      ///< that the ranks of the root's node may run on together
  Index quota = 0;           ///< of the control groups there, in cores; 0: none
  bool bound_alike = false;  ///< ranks of a node are bound to the same few cores
  Index threads = 0;         ///< that a rank takes by default
  std::string thread_level;  ///< of MPI
  std::string simd_target;
  Index shared_memory_bytes = 0;  ///< free for shared windows, on the node that has least
  Index memory_bytes = 0;         ///< of that node
  bool window_works = false;      ///< what one rank of a node writes into a shared window, all of them read
  bool lock_works = false;        ///< while one rank holds a file's lock, no other gets it
  bool rename_works = false;      ///< what one rank renames into place, all read at once
  std::string signal;             ///< that came while the ranks waited for one; empty: none
};

/// Looks around in `directory` and waits `signal_seconds` for a signal (0: does not). Collective over context.comm.
[[nodiscard]] LaunchView view_launch(JobContext& context, const std::string& directory, double signal_seconds);

[[nodiscard]] std::string to_json(const LaunchView& view);
/// Nothing where `text` is no such thing.
[[nodiscard]] std::optional<LaunchView> launch_view_from_json(std::string_view text);

/// What it means for runs that are launched so.
[[nodiscard]] std::vector<Finding> findings_of(const LaunchView& view);

}  // namespace rankwise
