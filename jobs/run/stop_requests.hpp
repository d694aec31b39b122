#pragma once
// What may end a run early, or ask it for a checkpoint: signals and the clock.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "distributed/comm/communicator.hpp"

namespace rankwise {

/// What a run is to do between two half-sweeps; the later one of several wins.
enum class StopRequest { none, checkpoint, stop };

/// Whether runs of this job may write checkpoints when a signal asks for one; only their options tell which do.
[[nodiscard]] bool may_stop_on_request(std::string_view job);

/// From now on SIGUSR1, SIGUSR2, SIGTERM and SIGINT end nothing: what they ask for is noted, and the next StopRequests
/// tells it. For the start of programs that may write checkpoints: MPI starts, and a run reads, before it can.
void note_requests();

/// For a run that turns out to write no checkpoints: these signals do again what they did before, and one that was
/// noted does so now. Nothing where none are noted.
void let_signals_act();

/// Listens to SIGUSR1 (write a checkpoint and go on), SIGUSR2, SIGTERM and SIGINT (write one and stop) as long as it
/// lives, and to those that note_requests() has noted before; at most one at a time. Signals reach one rank or all.
class StopRequests {
 public:
  /// `most_seconds`: from `begin` to the end of the last checkpoint.
  StopRequests(std::optional<double> most_seconds, std::chrono::steady_clock::time_point begin);
  ~StopRequests();
  StopRequests(const StopRequests&) = delete;
  StopRequests& operator=(const StopRequests&) = delete;

  /// What any rank was asked for since the last call, and whether the time ends before `next_seconds` more have passed.
  /// The same on every rank. Collective over comm.
  [[nodiscard]] StopRequest agreed(const Communicator& comm, double next_seconds);
  /// Why agreed() said stop, for the report; on every rank.
  [[nodiscard]] const std::string& reason() const { return reason_; }

 private:
  std::chrono::steady_clock::time_point begin_;
  std::optional<double> most_seconds_;
  std::string reason_;
  bool began_to_listen_;
};

}  // namespace rankwise
