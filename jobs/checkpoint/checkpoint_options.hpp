#pragma once
// The options of runs that write checkpoints.

#include <memory>
#include <optional>
#include <string>

#include "io/files/folder_lock.hpp"
#include "kernels/base/types.hpp"

namespace boost::program_options {
class options_description;
}

namespace rankwise {

/// Whether a run goes on while its checkpoint is written, from a copy of what changes meanwhile.
enum class CheckpointWriting { automatic, behind, waiting };

struct CheckpointOptions {
  std::string directory;             ///< empty: no checkpoints
  std::optional<Index> every_steps;  ///< epochs, or iterations
  std::optional<double> interval_seconds;
  std::string resume = "auto";  ///< or "never", or a file
  std::optional<double> most_seconds;
  std::optional<Index> keep;
  CheckpointWriting writing = CheckpointWriting::automatic;
  Locking locking = Locking::automatic;  ///< of the directory
  int deflate_level = 0;                 ///< of the run's files, checkpoints too
};

/// Adds the options; `options` outlives them. Checkpoints are counted in `steps` ("epochs").
void describe_checkpoints(boost::program_options::options_description& description,
                          const std::shared_ptr<CheckpointOptions>& options, const std::string& steps);

/// Throws AgreedError(usage) where an option would be silently without effect.
void require_sense(const CheckpointOptions& options);

}  // namespace rankwise
