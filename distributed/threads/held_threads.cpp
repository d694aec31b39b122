#include "distributed/threads/held_threads.hpp"

#include <csignal>

namespace rankwise {

HeldThreads::HeldThreads(int wanted, std::size_t stack_bytes) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, stack_bytes);
  // New threads inherit the mask: job signals stay with the main thread.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  for (int t = 0; t < wanted; ++t) {
    pthread_t thread{};
    if (pthread_create(&thread, &attributes, wait, this) != 0) break;
    threads_.push_back(thread);
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
}

HeldThreads::~HeldThreads() {
  {
    const std::lock_guard lock(mutex_);
    may_end_ = true;
  }
  end_.notify_all();
  for (const pthread_t thread : threads_) pthread_join(thread, nullptr);
}

void* HeldThreads::wait(void* held) {
  auto& mine = *static_cast<HeldThreads*>(held);
  std::unique_lock lock(mine.mutex_);
  mine.end_.wait(lock, [&mine] { return mine.may_end_; });
  return nullptr;
}

}  // namespace rankwise
