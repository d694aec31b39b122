#pragma once
// Files in the making do not outlive a process that is asked to end. All that a signal handler can reach is here.

#include <cstddef>
#include <string>

namespace rankwise {

/// While it lives, SIGINT, SIGTERM and the other signals that end a process wait: a file is created and becomes a
/// RemovedOnSignal under it. It installs the handler for those of them that have no other one: whoever else listens, or
/// ignores a signal, wins.
class EndingDelayed {
 public:
  EndingDelayed();
  ~EndingDelayed();
  EndingDelayed(const EndingDelayed&) = delete;
  EndingDelayed& operator=(const EndingDelayed&) = delete;
};

/// A file that these signals remove before they end the process.
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
