#include "jobs/als/als_driver.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <span>
#include <string>
#include <vector>

#include "distributed/als/half_sweep.hpp"

namespace rankwise {

namespace {

const char* label(SolvedSide side) {
  return side == SolvedSide::users ? "users" : "items";
}

const char* phase_of(SolvedSide side) {
  return side == SolvedSide::users ? "user half-sweeps" : "item half-sweeps";
}

/// Stops the run with the row that could not be solved, by its id.
[[noreturn]] void fail_at_row(const DatasetReader& dataset, SolvedSide side, Index row, Index epoch) {
  const bool is_user = side == SolvedSide::users;
  const RowRange range{row, row + 1};
  const IdRows id = is_user ? dataset.user_ids(range) : dataset.item_ids(range);
  throw AgreedError(ExitCode::bad_data,
                    fmt::format("epoch {}: {} {} (row {}): its normal equations have no finite solution; expected a "
                                "positive definite system (a larger --regularization gives one)",
                                epoch, is_user ? "user" : "item", id_text(id.ids, 0), row));
}

/// How many of a side's rows each solver took in all half-sweeps, and which share of their time. Collective.
void tell_side_solvers(const Communicator& comm, Report& report, const char* side, const kernels::SolveTally& tally) {
  const std::array<Index, 3> mine{tally.primal_rows, tally.dual_rows, tally.iterative_rows};
  std::array<Index, 3> rows = mine;
  comm.all_reduce_sum(std::span<Index>(rows));
  // Times only inform: microseconds add up exactly, whatever the order.
  const auto micros = [](double seconds) { return static_cast<Index>(seconds * 1e6); };
  std::array<Index, 3> spent{micros(tally.primal_seconds), micros(tally.dual_seconds), micros(tally.iterative_seconds)};
  comm.all_reduce_sum(std::span<Index>(spent));
  const double total = static_cast<double>(std::max<Index>(1, spent[0] + spent[1] + spent[2]));
  const std::array<const char*, 3> names{"primal", "dual", "iterative"};
  std::vector<std::string> parts;
  for (std::size_t s = 0; s < names.size(); ++s) {
    if (rows[s] == 0) continue;
    parts.push_back(
        fmt::format("{} {} rows, {:.0f}% of the time", names[s], rows[s], 100 * static_cast<double>(spent[s]) / total));
    report.event(
        "solver",
        {{"side", side}, {"solver", names[s]}, {"rows", rows[s]}, {"seconds", static_cast<double>(spent[s]) * 1e-6}});
  }
  report.line(fmt::format("solvers of {}: {}", side, fmt::join(parts, "; ")));
}

void tell_epoch(Report& report, Index epoch, Index epochs, const EpochLoss& loss, Index interactions, double seconds) {
  const double rate = static_cast<double>(interactions) / seconds;
  report.line(
      fmt::format("epoch {}/{}: loss {:.6e} (observed {:.6e}, unobserved {:.6e}, regularizer {:.6e}), {:.2f} s, "
                  "{:.1f} million interactions/s",
                  epoch, epochs, loss.total(), loss.observed, loss.unobserved, loss.regularizer, seconds, rate * 1e-6));
  report.event("epoch", {{"epoch", epoch},
                         {"loss", loss.total()},
                         {"observed", loss.observed},
                         {"unobserved", loss.unobserved},
                         {"regularizer", loss.regularizer},
                         {"epoch_seconds", seconds}});
}

/// What a side's half-sweeps send: the same in every epoch. Collective.
void tell_traffic(const Communicator& comm, Report& report, const char* side, Index bytes_sent) {
  const Index total = comm.sum(bytes_sent);
  report.event("traffic", {{"side", side},
                           {"min_bytes_sent", comm.min(bytes_sent)},
                           {"mean_bytes_sent", static_cast<double>(total) / comm.size()},
                           {"max_bytes_sent", comm.max(bytes_sent)},
                           {"total_bytes_sent", total}});
}

}  // namespace

void AlsDriver::begin(const AlsTraining& training) {
  interactions_ = context_.comm.sum(training.users.side.entries());
  checkpointing_.begin(training);
}

bool AlsDriver::is_over(const AlsTraining& training) {
  return validation_.is_over(training.progress.history);
}

void AlsDriver::begin_epoch(const AlsTraining& training, Index epoch) {
  context_.report.bar("epochs", epoch - 1, training.epochs);
}

std::shared_ptr<void> AlsDriver::accompany(const HalfSweepTask& task) {
  return std::make_shared<Report::PhaseTimer>(context_.report, phase_of(task.solves));
}

SweepHooks AlsDriver::hooks() {
  return checkpointing_.hooks();
}

void AlsDriver::end_sweep(const HalfSweepTask& task, const HalfSweep& done) {
  if (done.was_stopped) checkpointing_.stop();
  if (done.failed_row >= 0) fail_at_row(dataset_, task.solves, done.failed_row, task.epoch);
  account_for(task, done);
}

void AlsDriver::account_for(const HalfSweepTask& task, const HalfSweep& done) {
  Report& report = context_.report;
  SideAccount& account = task.solves == SolvedSide::users ? users_ : items_;
  account.tally += done.tally;
  report.add_flops(phase_of(task.solves), done.flops);
  report.add_interactions(phase_of(task.solves), task.mine.side.entries());
  report.add_bytes_sent(done.bytes_sent);
  if (!account.is_traffic_told) tell_traffic(context_.comm, report, label(task.solves), done.bytes_sent);
  account.is_traffic_told = true;
}

void AlsDriver::end_epoch(const AlsTraining& training, EpochLoss& loss, double seconds) {
  tell_epoch(context_.report, training.progress.epochs(), training.epochs, loss, interactions_, seconds);
  validation_.measure(training, loss);
}

void AlsDriver::pause(const AlsTraining& training, double seconds) {
  checkpointing_.pause(training, seconds);
}

void AlsDriver::finish() {
  checkpointing_.finish();
}

void AlsDriver::abandon() {
  checkpointing_.settle();
}

void AlsDriver::tell_solvers() const {
  for (const SolvedSide side : {SolvedSide::users, SolvedSide::items}) {
    tell_side_solvers(context_.comm, context_.report, label(side),
                      side == SolvedSide::users ? users_.tally : items_.tally);
  }
}

}  // namespace rankwise
