#include "distributed/comm/rank_watch.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <fmt/format.h>
#include <optional>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <vector>

#include "distributed/comm/rank_links.hpp"
#include "kernels/process/standard_error.hpp"

namespace rankwise {

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto tick = 1s;
/// A process that its own ticks reach later than this was stopped, or starved: others then may have spoken unheard.
constexpr auto latest_tick = 2 * tick;
/// A loss is told by the lost rank's parent, then in turn by its children, whom the launcher ends before where it can:
/// mostly one line is printed.
constexpr auto turn_of_children = 2s;
constexpr auto turn_of_a_child = 250ms;
/// Where somebody has said why the job ends, it is the launcher that ends it, or else this.
constexpr auto launcher_patience = 3s;
/// How long a rank lives on after it has said why: srun lost one line in three that was followed at once by the end.
constexpr auto line_patience = 500ms;

// One byte a message.
constexpr char alive_message = 'a';
constexpr char goodbye_message = 'g';
constexpr char job_ends_message = 'e';  // somebody has told why

enum class Heard { nothing, word, goodbye, job_ends, end };

Heard listen_to(int socket) {
  char message = 0;
  const ssize_t size = recv(socket, &message, 1, MSG_DONTWAIT);
  if (size < 0) return errno == EAGAIN || errno == EINTR ? Heard::nothing : Heard::end;
  if (size == 0) return Heard::end;
  if (message == goodbye_message) return Heard::goodbye;
  return message == job_ends_message ? Heard::job_ends : Heard::word;
}

void say(int socket, char message) {
  // A full buffer means that nobody reads there, which the answers will show.
  (void)send(socket, &message, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

}  // namespace

class RankWatch::Watcher {
 public:
  Watcher(int rank, std::vector<RankLink> links, std::chrono::seconds limit) : rank_(rank), limit_(limit) {
    for (RankLink& link : links) neighbours_.push_back({std::move(link), Clock::now(), {}, false});
    wake_ = FileDescriptor(eventfd(0, EFD_CLOEXEC));
  }
  ~Watcher() {
    if (!thread_.joinable()) return;
    end(Ending::goodbye);
    begin();
    thread_.join();
  }
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  /// The thread, which waits until all ranks have theirs. Throws Error(internal).
  void start() {
    // The new thread inherits the mask: job signals stay with the main thread.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    std::string fault;
    try {
      thread_ = std::thread([this] {
        may_begin_.wait(false);
        watch();
      });
    } catch (const std::system_error& error) {
      fault = error.code().message();
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (!fault.empty()) throw Error(ExitCode::internal, fmt::format("cannot start a thread: {}", fault));
  }

  void begin() {
    may_begin_ = true;
    may_begin_.notify_one();
  }

  void end_job() { end(Ending::of_job); }

 private:
  /// How this rank's own watch ends.
  enum class Ending { none, goodbye, of_job };
  struct Neighbour {
    RankLink link;
    Clock::time_point heard;
    Clock::time_point blamed;  ///< when the loss of one that is gone is told
    bool is_gone = false;
  };

  void end(Ending how) {
    auto none = Ending::none;
    ending_.compare_exchange_strong(none, how);
    eventfd_write(wake_.get(), 1);
  }
  void watch();
  void wait_and_read();
  void judge();
  [[nodiscard]] Clock::time_point next_event() const;
  void read(Neighbour& neighbour);
  [[nodiscard]] Clock::duration turn(const Neighbour& neighbour) const;
  void tell_all(char message) const;
  void part() const;
  [[noreturn]] void end_job(const Neighbour& lost, const std::string& reason) const;

  int rank_;
  std::chrono::seconds limit_;
  std::vector<Neighbour> neighbours_;  // that have not said goodbye
  Clock::time_point next_tick_ = Clock::now();
  std::optional<Clock::time_point> end_of_job_;  ///< where somebody has said why the job ends
  std::atomic<Ending> ending_ = Ending::none;
  std::atomic<bool> may_begin_ = false;
  FileDescriptor wake_;
  std::vector<pollfd> sources_;
  std::thread thread_;
};

void RankWatch::Watcher::watch() {
  for (;;) {
    wait_and_read();
    if (ending_ == Ending::goodbye) return part();
    if (ending_ == Ending::of_job) return tell_all(job_ends_message);
    judge();
  }
}

void RankWatch::Watcher::wait_and_read() {
  sources_.assign(1, {.fd = wake_.get(), .events = POLLIN, .revents = 0});
  for (const Neighbour& neighbour : neighbours_) {
    sources_.push_back({.fd = neighbour.is_gone ? -1 : neighbour.link.socket.get(), .events = POLLIN, .revents = 0});
  }
  const auto pause = std::chrono::ceil<std::chrono::milliseconds>(next_event() - Clock::now());
  poll(sources_.data(), sources_.size(), static_cast<int>(std::max<std::int64_t>(pause.count(), 0)));
  for (std::size_t n = 0; n < neighbours_.size(); ++n) {
    if (sources_[n + 1].revents != 0) read(neighbours_[n]);
  }
  std::erase_if(neighbours_, [](const Neighbour& neighbour) { return !neighbour.link.socket.is_open(); });
}

/// Ends the job where its time has come.
void RankWatch::Watcher::judge() {
  const auto now = Clock::now();
  if (end_of_job_ && now >= *end_of_job_) _exit(static_cast<int>(ExitCode::internal));
  if (now > next_tick_ + latest_tick) {
    for (Neighbour& neighbour : neighbours_) neighbour.heard = now;
  }
  if (now >= next_tick_) {
    tell_all(alive_message);
    next_tick_ = now + tick;
  }
  if (end_of_job_) return;
  for (const Neighbour& neighbour : neighbours_) {
    if (neighbour.is_gone && now >= neighbour.blamed) end_job(neighbour, "is gone: it was killed, or ended too early");
    if (!neighbour.is_gone && now >= neighbour.heard + limit_ + turn(neighbour)) {
      end_job(neighbour, fmt::format("has not answered for {} s", limit_.count()));
    }
  }
}

/// When there is something to do, whatever the neighbours say.
Clock::time_point RankWatch::Watcher::next_event() const {
  if (end_of_job_) return std::min(next_tick_, *end_of_job_);
  Clock::time_point next = next_tick_;
  for (const Neighbour& neighbour : neighbours_) {
    if (neighbour.is_gone) next = std::min(next, neighbour.blamed);
  }
  return next;
}

void RankWatch::Watcher::read(Neighbour& neighbour) {
  for (;;) {
    switch (listen_to(neighbour.link.socket.get())) {
      case Heard::nothing:
        return;
      case Heard::word:
        neighbour.heard = Clock::now();
        break;
      case Heard::goodbye:
        neighbour.link.socket.close_now();
        return;
      case Heard::job_ends:
        if (end_of_job_) break;
        end_of_job_ = Clock::now() + launcher_patience;
        tell_all(job_ends_message);
        break;
      case Heard::end:
        neighbour.is_gone = true;
        neighbour.blamed = Clock::now() + turn(neighbour);
        return;
    }
  }
}

/// How much longer than the parent of a lost neighbour this rank keeps silent.
Clock::duration RankWatch::Watcher::turn(const Neighbour& neighbour) const {
  if (RankTree::parent(neighbour.link.rank) == rank_) return 0s;
  const int child = (rank_ - 1) % RankTree::fan_out;
  if (neighbour.link.rank == 0 && child == 0) return 0s;  // the root has no parent
  return turn_of_children + child * turn_of_a_child;
}

void RankWatch::Watcher::tell_all(char message) const {
  for (const Neighbour& neighbour : neighbours_) {
    if (!neighbour.is_gone) say(neighbour.link.socket.get(), message);
  }
}

void RankWatch::Watcher::part() const {
  tell_all(goodbye_message);
  for (const Neighbour& neighbour : neighbours_) {
    // What is unread when a socket is closed may take along what is on its way out.
    const int socket = neighbour.link.socket.get();
    shutdown(socket, SHUT_WR);
    for (Heard heard = Heard::word; heard != Heard::nothing && heard != Heard::end;) heard = listen_to(socket);
  }
}

void RankWatch::Watcher::end_job(const Neighbour& lost, const std::string& reason) const {
  const RankLink& link = lost.link;
  const std::string line =
      fmt::format("rankwise: rank {} ({}, process {}) {}; the job ends\n", link.rank, link.host, link.process, reason);
  write_standard_error(line);
  tell_all(job_ends_message);
  std::this_thread::sleep_for(line_patience);
  // A stopped process would outlive a job that is not ended by the launcher.
  if (!lost.is_gone && link.sees_process) kill(link.process, SIGKILL);
  // The main thread may wait in MPI for ever, and no other thread may call it: no MPI_Abort. The launcher ends the
  // others, or they find this process gone.
  _exit(static_cast<int>(ExitCode::internal));
}

RankWatch::RankWatch(const Communicator& comm, std::chrono::seconds limit) {
  if (comm.size() == 1 || limit.count() == 0) return;
  try {
    std::vector<RankLink> links = link_ranks(comm);
    watcher_ = std::make_unique<Watcher>(comm.rank(), std::move(links), limit);
    agree_on(comm, [this] { watcher_->start(); });
    watcher_->begin();
  } catch (const AgreedError& error) {
    watcher_.reset();
    fault_ = error.what();
  }
}

RankWatch::~RankWatch() = default;

void RankWatch::end_job() {
  if (watcher_) watcher_->end_job();
}

}  // namespace rankwise
