#include "jobs/run/stop_requests.hpp"

#include <algorithm>
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

// Signals are the process's: so is who has them, and what they did before.
bool is_listening = false;
std::array<struct sigaction, listened.size()> before;

/// Whether it is new.
bool listen() {
  if (is_listening) return false;
  is_listening = true;
  struct sigaction action {};
  action.sa_handler = note_signal;
  action.sa_flags = SA_RESTART;
  for (std::size_t s = 0; s < listened.size(); ++s) sigaction(listened[s].number, &action, &before[s]);
  return true;
}

void listen_no_more() {
  if (!is_listening) return;
  is_listening = false;
  for (std::size_t s = 0; s < listened.size(); ++s) sigaction(listened[s].number, &before[s], nullptr);
}

const char* name_of(Index number) {
  for (const Listened& signal : listened) {
    if (signal.number == number) return signal.name;
  }
  return "a signal";
}

}  // namespace

bool may_stop_on_request(std::string_view job) {
  constexpr std::array<std::string_view, 5> jobs{"als", "kmeans", "sweep refit", "sweep trial", "quarterly step"};
  return std::ranges::find(jobs, job) != jobs.end();
}

void note_requests() {
  listen();
}

void let_signals_act() {
  if (!is_listening) return;
  listen_no_more();
  if (wants_checkpoint != 0) (void)raise(SIGUSR1);
  if (stop_signal != 0) (void)raise(static_cast<int>(stop_signal));
}

StopRequests::StopRequests(std::optional<double> most_seconds, std::chrono::steady_clock::time_point begin)
    : begin_(begin), most_seconds_(most_seconds), began_to_listen_(listen()) {}

StopRequests::~StopRequests() {
  if (began_to_listen_) listen_no_more();
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
