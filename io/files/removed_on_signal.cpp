#include "io/files/removed_on_signal.hpp"

#include <array>
#include <atomic>
#include <csignal>
#include <sched.h>
#include <unistd.h>
#include <utility>

namespace rankwise {

namespace {

// SIGXCPU is of a limit of processor seconds (ulimit -t). All of these end a process that does not listen.
constexpr std::array<int, 8> ending_signals{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGXCPU, SIGALRM};

// A signal handler can reach nothing but this.
constexpr std::size_t places = 64;
std::array<std::atomic<const char*>, places> paths;
std::atomic<bool> is_ending;
std::atomic<int> creations;       // files that have a name, and perhaps no place in the table yet
std::atomic<int> delayed_signal;  // that came meanwhile
static_assert(std::atomic<const char*>::is_always_lock_free && std::atomic<bool>::is_always_lock_free &&
              std::atomic<int>::is_always_lock_free);

/// Nothing but system calls.
extern "C" void remove_and_end(int number) {
  is_ending = true;
  if (creations > 0) {  // it may run in another thread than the one that creates
    delayed_signal = number;
    is_ending = false;
    if (creations == 0) (void)raise(number);  // whoever created may have looked too early
    return;
  }
  for (const std::atomic<const char*>& place : paths) {
    if (const char* const path = place) unlink(path);
  }
  (void)std::signal(number, SIG_DFL);
  sigset_t this_one;
  sigemptyset(&this_one);
  sigaddset(&this_one, number);
  pthread_sigmask(SIG_UNBLOCK, &this_one, nullptr);
  (void)raise(number);
  _exit(128 + number);  // the first process of a container does not end by a signal
}

void listen_where_nobody_does() {
  for (const int number : ending_signals) {
    struct sigaction present {};
    if (sigaction(number, nullptr, &present) != 0 || present.sa_handler != SIG_DFL) continue;
    struct sigaction action {};
    action.sa_handler = remove_and_end;
    action.sa_flags = SA_RESTART;
    sigaction(number, &action, nullptr);
  }
}

/// The place that the path takes; `places` if none is free.
std::size_t take_place(const char* path) {
  for (std::size_t place = 0; place < places; ++place) {
    const char* none = nullptr;
    if (paths[place].compare_exchange_strong(none, path)) return place;
  }
  return places;
}

}  // namespace

EndingDelayed::EndingDelayed() {
  listen_where_nobody_does();
  ++creations;
  while (is_ending) sched_yield();  // a handler in another thread delays its signal, or ends the process
}

EndingDelayed::~EndingDelayed() {
  if (--creations > 0) return;
  if (const int number = delayed_signal.exchange(0); number != 0) (void)raise(number);
}

RemovedOnSignal::RemovedOnSignal(std::string path) : path_(std::move(path)), place_(take_place(path_.c_str())) {}

RemovedOnSignal::~RemovedOnSignal() {
  if (place_ == places) return;
  paths[place_] = nullptr;
  while (is_ending) pause();  // a handler in another thread may still read the path, and ends the process
}

}  // namespace rankwise
