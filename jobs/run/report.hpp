#pragma once
// What a run tells: timed lines on standard error, one JSON object per event, and the table at the end.

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// A named value of an event.
using Field = std::pair<std::string_view, std::variant<Index, double, std::string>>;

/// What cannot be written, to standard error or to the event log, never ends a run.
class Report {
 public:
  struct Options {
    bool quiet = false;    ///< no progress, no table; warnings and errors are still printed
    std::string log_json;  ///< path of the event log; empty for none
    int threads = 1;       ///< for the share of the peak
  };
  /// Collective over comm (the root creates the log; throws AgreedError(cannot_create)).
  Report(const Communicator& comm, Options options);
  ~Report();
  Report(const Report&) = delete;
  Report& operator=(const Report&) = delete;

  /// Adds the seconds of a scope to a phase of the table; phases are listed in order of first use.
  class PhaseTimer {
   public:
    PhaseTimer(Report& report, std::string name);
    ~PhaseTimer();
    PhaseTimer(const PhaseTimer&) = delete;
    PhaseTimer& operator=(const PhaseTimer&) = delete;

   private:
    Report& report_;
    std::string name_;
    std::chrono::steady_clock::time_point begin_;
  };
  [[nodiscard]] PhaseTimer phase(std::string name) { return PhaseTimer(*this, std::move(name)); }

  /// The innermost phase that an exception has ended on this rank; empty if none has.
  [[nodiscard]] const std::string& failed_phase() const;

  /// This rank's work, counted towards the table.
  void add_flops(std::string_view phase, double flops);
  void add_bytes_sent(Index bytes);
  void add_interactions(std::string_view phase, Index interactions);
  /// Of this rank's peak memory, what other processes that share it account for.
  void share_memory(Index bytes_of_others);

  /// Root only: one line with the elapsed time.
  void line(const std::string& text);
  /// Root only: a line `rankwise: warning: ...`, with `quiet` too, and an event `warning` with its `text`.
  void warning(const std::string& text);
  /// Root only, only where standard error is a terminal: a bar that overwrites itself.
  void bar(std::string_view what, Index done, Index total);
  /// Root only: one JSON object `{"event": name, "seconds": elapsed, ...fields}` in the log.
  void event(std::string_view name, const std::vector<Field>& fields);

  /// Prints and logs the table: per phase min, mean and max seconds over ranks, imbalance, GFLOP/s and share of the
  /// measured FMA peak, interactions per second; bytes sent and peak memory. Collective over comm.
  void finish();
  /// After the last event of a run that has done all else: throws AgreedError(io_error) if the event log could not be
  /// written. Otherwise that is a warning at the end, and the run keeps its own exit code. Collective over comm.
  void require_log();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rankwise
