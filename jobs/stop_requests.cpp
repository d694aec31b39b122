#include "jobs/stop_requests.hpp"

#include <array>
#include <csignal>
#include <fmt/format.h>

namespace rankwise {

namespace {

// A signal handler can reach nothing but this.
volatile std::sig_atomic_t wants_checkpoint = 0;
volatile std::sig_atomic_t stop_signal = 0;

struct Listened {
  int number;
  const char* name;
};
constexpr std::array<Listened, 4> listened{
    {{SIGUSR1, "SIGUSR1"}, {SIGUSR2, "SIGUSR2"}, {SIGTERM, "SIGTERM"}, {SIGINT, "SIGINT"}}};

extern "C" void note_signal(int number) {
  if (number == SIGUSR1) {
    wants_checkpoint = 1;
  } else {
    stop_signal = number;
  }
}

void listen(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  for (const Listened& signal : listened) sigaction(signal.number, &action, nullptr);
}

const char* name_of(Index number) {
  for (const Listened& signal : listened) {
    if (signal.number == number) return signal.name;
  }
  return "a signal";
}

}  // namespace

StopRequests::StopRequests(std::optional<double> most_seconds, std::chrono::steady_clock::time_point begin)
    : begin_(begin), most_seconds_(most_seconds) {
  wants_checkpoint = 0;
  stop_signal = 0;
  listen(note_signal);
}

StopRequests::~StopRequests() {
  listen(SIG_DFL);
}

StopRequest StopRequests::agreed(const Communicator& comm, double next_seconds) {
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin_;
  const bool out_of_time = most_seconds_ && elapsed.count() + next_seconds > *most_seconds_;
  std::array<Index, 3> requests{Index{stop_signal}, Index{out_of_time}, Index{wants_checkpoint}};
  wants_checkpoint = 0;
  comm.all_reduce_max(std::span<Index>(requests));
  if (requests[0] != 0) {
    reason_ = name_of(requests[0]);
    return StopRequest::stop;
  }
  if (requests[1] != 0) {
    reason_ = fmt::format("--max-time would not hold another {:.1f} s", next_seconds);
    return StopRequest::stop;
  }
  return requests[2] != 0 ? StopRequest::checkpoint : StopRequest::none;
}

}  // namespace rankwise
