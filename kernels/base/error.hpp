#pragma once
// The one exception type of the program: a line for the user and the exit code that goes with it.

#include <stdexcept>
#include <string>

namespace rankwise {

/// Documented exit codes (BSD sysexits where one exists).
enum class ExitCode : int {
  done = 0,
  usage = 2,
  bad_data = 65,
  no_input = 66,
  internal = 70,
  cannot_create = 73,
  io_error = 74,
  stopped_early = 75,   ///< after writing a checkpoint; run again to continue
  work_failed = 76,     ///< what `status` was asked about failed or was lost; the command itself did what it should
  not_good_enough = 77  ///< `evaluate --against`: the model is worse than allowed; all outputs are written
};

/// What the user reads: one line that names file, line or row, and what was expected.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  [[nodiscard]] ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

}  // namespace rankwise
