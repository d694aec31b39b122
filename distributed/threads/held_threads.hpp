#pragma once
// Threads that do nothing, to find out how many can be started.

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <pthread.h>
#include <vector>

namespace rankwise {

/// Starts threads until there are `wanted` or the system refuses one (ulimit -u, a control group's pids, ulimit -v for
/// their stacks), and ends them when it is destroyed. OpenMP's runtime ends the process instead.
class HeldThreads {
 public:
  HeldThreads(int wanted, std::size_t stack_bytes);
  ~HeldThreads();
  HeldThreads(const HeldThreads&) = delete;
  HeldThreads& operator=(const HeldThreads&) = delete;

  [[nodiscard]] int count() const { return static_cast<int>(threads_.size()); }

 private:
  static void* wait(void* held);

  std::mutex mutex_;
  std::condition_variable end_;
  bool may_end_ = false;
  std::vector<pthread_t> threads_;
};

}  // namespace rankwise
