#pragma once
// Files in the making do not outlive a process that is asked to end. All that a signal handler can reach is here.

#include <cstddef>
#include <string>

namespace rankwise {

/// A file that SIGINT, SIGTERM or SIGHUP removes before the process ends by that signal. The first of these objects
/// installs the handler for those signals that have no other one: whoever else listens, or ignores a signal, wins.
class RemovedOnSignal {
 public:
  /// Where more files than the table has places are in the making at once, the last ones are not removed.
  explicit RemovedOnSignal(std::string path);
  ~RemovedOnSignal();
  RemovedOnSignal(const RemovedOnSignal&) = delete;
  RemovedOnSignal& operator=(const RemovedOnSignal&) = delete;

 private:
  std::string path_;
  std::size_t place_;
};

}  // namespace rankwise
