#include "jobs/run/report.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <optional>
#include <unistd.h>
#include <utility>

#include "distributed/comm/order_free_sum.hpp"
#include "io/config/json_text.hpp"
#include "jobs/run/phase_table.hpp"
#include "kernels/dense/fma_peak.hpp"
#include "kernels/process/file_descriptor.hpp"
#include "kernels/process/process_memory.hpp"
#include "kernels/process/standard_error.hpp"
#include "kernels/text/text_encoding.hpp"
#include "kernels/text/units.hpp"

namespace rankwise {

namespace {

using Clock = std::chrono::steady_clock;
using Json = nlohmann::ordered_json;

constexpr double peak_measurement_seconds = 0.05;
constexpr int bar_width = 30;
constexpr std::chrono::milliseconds bar_interval{100};

/// FMA peak of all ranks and threads, measured while all of them run: what this run could have reached.
double measure_peak_gflops(const Communicator& comm, int threads) {
  comm.barrier();
  double mine = 0;
#pragma omp parallel num_threads(threads) reduction(+ : mine)
  mine += kernels::measure_fma_peak_gflops(peak_measurement_seconds);
  return order_free_sum(comm, std::span(&mine, 1));
}

}  // namespace

struct Report::Impl {
  /// The event log. Once a line cannot be written no other one is, so that what it holds is the beginning of the run.
  class EventLog {
   public:
    /// Throws Error(cannot_create).
    void create(const std::string& path) {
      file_ = FileDescriptor(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
      if (!file_.is_open()) {
        throw Error(ExitCode::cannot_create,
                    fmt::format("{}: cannot create the event log: {}", path, std::strerror(errno)));
      }
      path_ = path;
    }
    [[nodiscard]] bool is_open() const { return file_.is_open(); }
    void append(const std::string& line) {
      if (fault_ == 0) fault_ = write_whole(file_.get(), line);
    }
    /// Closes it; why it is not whole, if it is not.
    [[nodiscard]] std::optional<std::string> close() {
      if (!file_.is_open()) return std::nullopt;
      if (!file_.close_now() && fault_ == 0) fault_ = errno;
      if (fault_ == 0) return std::nullopt;
      return fmt::format("{}: the event log could not be written: {}", path_, std::strerror(fault_));
    }

   private:
    FileDescriptor file_;
    std::string path_;
    int fault_ = 0;
  };

  Impl(const Communicator& over, Options chosen)
      : comm(over),
        options(std::move(chosen)),
        is_root(comm.is_root()),
        shows_bar(!options.quiet && isatty(STDERR_FILENO) == 1) {}

  const Communicator& comm;
  Options options;
  bool is_root;
  bool shows_bar;
  Clock::time_point begin = Clock::now();
  EventLog log;
  std::vector<PhaseCost> phases;
  std::string failed_phase;
  Index bytes_sent = 0;
  Index bytes_of_others = 0;
  bool bar_is_shown = false;
  Clock::time_point last_bar{};

  [[nodiscard]] double elapsed() const { return std::chrono::duration<double>(Clock::now() - begin).count(); }

  PhaseCost& phase(std::string_view name) {
    const auto found = std::ranges::find(phases, name, &PhaseCost::name);
    return found != phases.end() ? *found : phases.emplace_back(PhaseCost{std::string(name)});
  }

  /// Writes to standard error over a bar that may be shown.
  void print(const std::string& text) {
    write_standard_error((bar_is_shown ? "\r\x1b[K" : "") + text);
    bar_is_shown = false;
  }
};

Report::Report(const Communicator& comm, Options options) : impl_(std::make_unique<Impl>(comm, std::move(options))) {
  agree_on(comm, [this] {
    const std::string& path = impl_->options.log_json;
    if (!impl_->is_root || path.empty()) return;
    impl_->log.create(path);
  });
}

Report::~Report() {
  if (impl_->bar_is_shown) write_standard_error("\n");
  // The run ends for another reason, whose exit code it has.
  if (const std::optional<std::string> fault = impl_->log.close()) {
    write_standard_error(fmt::format("rankwise: warning: {}\n", printable(*fault)));
  }
}

Report::PhaseTimer::PhaseTimer(Report& report, std::string name)
    : report_(report), name_(std::move(name)), begin_(Clock::now()) {
  report_.impl_->phase(name_);  // listed in order of entry, not of exit
}

Report::PhaseTimer::~PhaseTimer() {
  const bool is_failing = std::uncaught_exceptions() > 0;
  if (is_failing && report_.impl_->failed_phase.empty()) report_.impl_->failed_phase = name_;
  report_.impl_->phase(name_).nanoseconds +=
      std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - begin_).count();
}

const std::string& Report::failed_phase() const {
  return impl_->failed_phase;
}

void Report::add_flops(std::string_view phase, double flops) {
  impl_->phase(phase).flops += flops;
}

void Report::add_bytes_sent(Index bytes) {
  impl_->bytes_sent += bytes;
}

void Report::share_memory(Index bytes_of_others) {
  impl_->bytes_of_others = bytes_of_others;
}

void Report::add_interactions(std::string_view phase, Index interactions) {
  impl_->phase(phase).interactions += interactions;
}

void Report::line(const std::string& text) {
  if (!impl_->is_root || impl_->options.quiet) return;
  impl_->print(fmt::format("{:9.3f} s  {}\n", impl_->elapsed(), printable(text)));
}

void Report::warning(const std::string& text) {
  if (impl_->is_root) impl_->print(fmt::format("rankwise: warning: {}\n", printable(text)));
  event("warning", {{"text", text}});
}

void Report::bar(std::string_view what, Index done, Index total) {
  if (!impl_->is_root || !impl_->shows_bar || total <= 0) return;
  const auto now = Clock::now();
  if (done < total && now - impl_->last_bar < bar_interval) return;
  impl_->last_bar = now;
  const auto filled = static_cast<std::size_t>(std::clamp(done * bar_width / total, Index{0}, Index{bar_width}));
  write_standard_error(
      fmt::format("\r\x1b[K{} [{:<{}}] {}/{}", what, std::string(filled, '#'), bar_width, done, total));
  impl_->bar_is_shown = true;
}

void Report::event(std::string_view name, const std::vector<Field>& fields) {
  if (!impl_->log.is_open()) return;
  Json object{{"event", name}, {"seconds", impl_->elapsed()}};
  for (const auto& [key, value] : fields) {
    std::visit([&object, &key = key](const auto& typed) { object[std::string(key)] = typed; }, value);
  }
  // A line is out as soon as it is written, for those who follow the file.
  impl_->log.append(json_text(object, one_line) + "\n");
}

void Report::finish() {
  const Communicator& comm = impl_->comm;
  const double seconds = impl_->elapsed();
  if (!impl_->options.quiet || !impl_->options.log_json.empty()) {
    const std::vector<PhaseSummary> phases = summarize_phases(comm, impl_->phases);
    const bool counted = std::ranges::any_of(phases, [](const PhaseSummary& phase) { return phase.flops > 0; });
    const double peak = counted ? measure_peak_gflops(comm, impl_->options.threads) : 0;
    const Index least_sent = comm.min(impl_->bytes_sent);
    const Index most_sent = comm.max(impl_->bytes_sent);
    const Index all_sent = comm.sum(impl_->bytes_sent);
    const double mean_sent = static_cast<double>(all_sent) / comm.size();
    const Index memory = peak_memory_bytes() - impl_->bytes_of_others;
    const Index most_memory = comm.max(memory);
    const Index all_memory = comm.sum(memory);
    for (const PhaseSummary& phase : phases) {
      event("phase", {{"phase", phase.name},
                      {"min_seconds", phase.min_seconds},
                      {"mean_seconds", phase.mean_seconds},
                      {"max_seconds", phase.max_seconds},
                      {"imbalance", phase.imbalance()},
                      {"gflops", phase.gflops()},
                      {"share_of_peak", peak > 0 ? phase.gflops() / peak : 0.0},
                      {"interactions_per_second", phase.interactions_per_second()}});
    }
    event("finished", {{"wall_seconds", seconds},
                       {"ranks", Index{comm.size()}},
                       {"threads", Index{impl_->options.threads}},
                       {"peak_gflops", peak},
                       {"min_bytes_sent", least_sent},
                       {"mean_bytes_sent", mean_sent},
                       {"max_bytes_sent", most_sent},
                       {"max_peak_memory_bytes", most_memory},
                       {"total_peak_memory_bytes", all_memory}});
    if (impl_->is_root && !impl_->options.quiet) {
      std::string text = phases.empty() ? "" : "\n" + phase_table(phases, peak);
      if (peak > 0) text += fmt::format("FMA peak measured now: {:.1f} GFLOP/s over all ranks and threads\n", peak);
      if (comm.size() > 1) {
        text += fmt::format("sent per rank: min {}, mean {}, max {}\n", bytes_text(static_cast<double>(least_sent)),
                            bytes_text(mean_sent), bytes_text(static_cast<double>(most_sent)));
      }
      text += fmt::format("peak memory: {} on the largest rank, {} on all; wall time {:.3f} s\n",
                          bytes_text(static_cast<double>(most_memory)), bytes_text(static_cast<double>(all_memory)),
                          seconds);
      impl_->print(text);
    }
  }
}

void Report::require_log() {
  agree_on(impl_->comm, [this] {
    if (const std::optional<std::string> fault = impl_->log.close()) throw Error(ExitCode::io_error, *fault);
  });
}

}  // namespace rankwise
