#include "jobs/scale/run.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <fmt/format.h>
#include <utility>

#include "distributed/als/training.hpp"
#include "distributed/evaluation/baselines.hpp"
#include "distributed/synthetic/matrix.hpp"
#include "jobs/als/gather_plan.hpp"
#include "jobs/als/training_sides.hpp"
#include "jobs/run/threads.hpp"
#include "kernels/process/process_memory.hpp"
#include "kernels/text/counted.hpp"

namespace rankwise {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// What a rank counts of one side's half-sweeps.
struct SweepMeasures {
  double seconds = 0;         ///< sum over measured epochs
  double solver_seconds = 0;  ///< likewise, over the threads
  double flops = 0;           ///< of an epoch
  Index bytes_sent = 0;       ///< of an epoch
};

/// What a rank counts of a run.
struct RankMeasures {
  double generate_seconds = 0;
  double plan_seconds = 0;
  SweepMeasures users;
  SweepMeasures items;
  Index memory_bytes = 0;
};

/// A phase of the report, whose seconds are added to others.
class PhaseClock {
 public:
  PhaseClock(Report& report, const char* phase, double& seconds) : timer_(report, phase), seconds_(seconds) {}
  ~PhaseClock() { seconds_ += seconds_since(begin_); }
  PhaseClock(const PhaseClock&) = delete;
  PhaseClock& operator=(const PhaseClock&) = delete;

 private:
  Report::PhaseTimer timer_;
  double& seconds_;
  Clock::time_point begin_ = Clock::now();
};

/// Runs a step as a phase of the report and adds its seconds.
template <class Step>
auto timed(Report& report, const char* phase, double& seconds, const Step& step) {
  const PhaseClock clock(report, phase, seconds);
  return step();
}

const char* phase_of(SolvedSide side) {
  return side == SolvedSide::users ? "user half-sweeps" : "item half-sweeps";
}

/// What this rank holds of a side.
SideShare share_of(const TrainingRows& training, const SidePlan& plan, int rank) {
  const std::vector<Index>& offsets = training.rows.offsets;
  std::vector<Index> sizes(offsets.begin() + 1, offsets.end());
  for (std::size_t r = 0; r < sizes.size(); ++r) sizes[r] -= offsets[r];
  return side_share(plan, rank, std::move(sizes));
}

/// Of all threads.
double seconds_of(const kernels::SolveTally& tally) {
  return tally.primal_seconds + tally.dual_seconds + tally.iterative_seconds;
}

[[noreturn]] void fail_at_row(const char* side, Index row, Index epoch) {
  throw AgreedError(ExitCode::bad_data,
                    fmt::format("epoch {}: planted {} {}: its normal equations have no finite solution; expected a "
                                "positive definite system (a larger --regularization gives one)",
                                epoch, side, row));
}

/// Measures each half-sweep and epoch.
class ScaleDriver final : public TrainingDriver {
 public:
  ScaleDriver(const Communicator& comm, JobContext& context, RankMeasures& mine, ScaleRun& run)
      : comm_(comm), context_(context), mine_(mine), run_(run) {}

  void begin_epoch(const AlsTraining& training, Index epoch) override {
    context_.report.bar("epochs", epoch - 1, training.epochs);
    comm_.barrier();
  }
  [[nodiscard]] std::shared_ptr<void> accompany(const HalfSweepTask& task) override;
  void end_sweep(const HalfSweepTask& task, const HalfSweep& done) override;
  void end_epoch(const AlsTraining& training, EpochLoss& loss, double seconds) override;

 private:
  SweepMeasures& measures_of(SolvedSide side) { return side == SolvedSide::users ? mine_.users : mine_.items; }

  const Communicator& comm_;
  JobContext& context_;
  RankMeasures& mine_;
  ScaleRun& run_;
};

std::shared_ptr<void> ScaleDriver::accompany(const HalfSweepTask& task) {
  return std::make_shared<PhaseClock>(context_.report, phase_of(task.solves), measures_of(task.solves).seconds);
}

void ScaleDriver::end_sweep(const HalfSweepTask& task, const HalfSweep& done) {
  if (done.failed_row >= 0) {
    fail_at_row(task.solves == SolvedSide::users ? "user" : "item", done.failed_row, task.epoch);
  }
  const char* phase = phase_of(task.solves);
  context_.report.add_flops(phase, done.flops);
  context_.report.add_interactions(phase, task.mine.side.entries());
  context_.report.add_bytes_sent(done.bytes_sent);
  SweepMeasures& measures = measures_of(task.solves);
  measures.solver_seconds += seconds_of(done.tally) / context_.common.threads;
  measures.flops = done.flops;
  measures.bytes_sent = done.bytes_sent;
}

void ScaleDriver::end_epoch(const AlsTraining& training, EpochLoss& /*loss*/, double seconds) {
  run_.epoch_seconds.push_back(seconds);
  if (training.progress.epochs() == 1) mine_.users = mine_.items = {};  // it warms up
}

/// Where the run's ranks are. Collective over comm.
void note_layout(const Communicator& comm, int threads, ScaleRun& run) {
  run.ranks = comm.size();
  run.threads_per_rank = threads;
  const Communicator node = comm.node();
  run.nodes = comm.sum(Index{node.is_root() ? 1 : 0});
  const bool is_crowded = Index{node.size()} * threads > processors_of_node(node);
  run.is_oversubscribed = comm.max(Index{is_crowded ? 1 : 0}) == 1;
}

/// All ranks' measures in the run's own terms. Collective over comm.
void summarize(const Communicator& comm, const RankMeasures& mine, ScaleRun& run) {
  const std::vector<RankMeasures> ranks = comm.all_gather(mine);
  const auto measured_epochs = static_cast<double>(run.epoch_seconds.size() - 1);
  run.generate_seconds = over_ranks(ranks, [](const RankMeasures& rank) { return rank.generate_seconds; });
  run.plan_seconds = over_ranks(ranks, [](const RankMeasures& rank) { return rank.plan_seconds; });
  const auto per_epoch = [&](SweepMeasures RankMeasures::*side, double SweepMeasures::*seconds) {
    return over_ranks(ranks, [&](const RankMeasures& rank) { return rank.*side.*seconds / measured_epochs; });
  };
  run.user_seconds = per_epoch(&RankMeasures::users, &SweepMeasures::seconds);
  run.item_seconds = per_epoch(&RankMeasures::items, &SweepMeasures::seconds);
  run.user_solver_seconds = per_epoch(&RankMeasures::users, &SweepMeasures::solver_seconds);
  run.item_solver_seconds = per_epoch(&RankMeasures::items, &SweepMeasures::solver_seconds);
  run.memory_bytes = over_ranks(ranks, [](const RankMeasures& rank) { return rank.memory_bytes; });
  for (const RankMeasures& rank : ranks) {
    const Index sent = rank.users.bytes_sent + rank.items.bytes_sent;
    run.bytes_sent += sent;
    run.max_bytes_sent = std::max(run.max_bytes_sent, sent);
    run.flops += rank.users.flops + rank.items.flops;
  }
  comm.all_reduce_max(std::span<double>(run.epoch_seconds));
}

}  // namespace

ScaleRun measure_run(const Communicator& comm, const ScaleOptions& options, const SyntheticShape& shape,
                     RunPredictor& predictor, JobContext& context) {
  const AlsOptions& als = options.als;
  Report& report = context.report;
  const Index width = als.factors + (als.objective.biases ? 1 : 0);
  RankMeasures mine;
  ScaleRun run;
  note_layout(comm, context.common.threads, run);

  // 1. Plant the matrix where it is used.
  SyntheticMatrix matrix = timed(report, "generate", mine.generate_seconds, [&] {
    const SyntheticLog log = agree_on(comm, [&] { return SyntheticLog(shape); });
    // Who solves which rows depends on the kind of the objective, not on its weights.
    return plant_matrix(comm, log, {als.solver, als.objective, width});
  });
  run.users = matrix.users.total_rows;
  run.items = matrix.items.total_rows;
  run.interactions = comm.sum(matrix.users.entries());
  Objective objective = resolved_objective(als, {run.users, run.items, run.interactions});
  report.line(fmt::format("{}: {} x {}, {}", counted(run.ranks, "rank"), counted(run.users, "user"),
                          counted(run.items, "item"), counted(run.interactions, "interaction")));

  // 2. Predict the run.
  double ignored = 0;
  run.predicted = timed(report, "predict", ignored, [&] { return predictor.predict(comm, matrix); });
  (void)forget_peak_memory();

  // 3. Plan which rows travel, and initialise, as `als` does.
  const Clock::time_point planning = Clock::now();
  const auto share_rows = [&](SparseRows& rows, const SidePlan& plan) {
    SparseRows parts = take_shared_parts(comm, rows, plan.shared);
    return TrainingRows{std::exchange(rows, {}), std::move(parts)};
  };
  TrainingRows user_rows = share_rows(matrix.users, matrix.user_plan);
  TrainingRows item_rows = share_rows(matrix.items, matrix.item_plan);
  if (objective.biases) objective.global_mean = mean_rating(comm, user_rows.values());
  JobContext of_run{comm, context.common, report, context.configuration};
  const GatherPlan gathering =
      plan_gathering(als, objective,
                     {share_of(user_rows, matrix.user_plan, comm.rank()),
                      share_of(item_rows, matrix.item_plan, comm.rank()), run.users, run.items},
                     of_run);
  const auto make_side = [&](const SidePlan& plan, const SidePlan& opposite, TrainingRows& rows) {
    const auto timer = report.phase("plan");
    return make_training_side(comm, objective, plan.rows, opposite.rows, global_rows(std::move(rows.rows)),
                              {plan.shared, global_rows(std::move(rows.parts))}, {{}, gathering.nodes, als.row_format});
  };
  TrainingSide user_side = make_side(matrix.user_plan, matrix.item_plan, user_rows);
  TrainingSide item_side = make_side(matrix.item_plan, matrix.user_plan, item_rows);
  mine.plan_seconds = seconds_since(planning);
  const auto trained = [&](const SidePlan& plan, TrainingSide& side, RandomPurpose purpose) {
    FactorMatrix factors =
        random_factors(comm, plan.rows, width, width - als.factors, RandomStream(context.common.seed, purpose));
    return TrainedSide{plan.solver, std::move(side), with_gramian(comm, objective, std::move(factors))};
  };
  AlsTraining training{.objective = objective,
                       .solver = als.solver,
                       .epochs = als.epochs,
                       .last_items = LastItems::travel,
                       .users = trained(matrix.user_plan, user_side, RandomPurpose::initial_users),
                       .items = trained(matrix.item_plan, item_side, RandomPurpose::initial_items)};

  // 4. Train. The last epoch too sends its items on their way, so that all measured ones are alike.
  ScaleDriver driver(comm, context, mine, run);
  train(comm, training, driver);
  run.losses = std::move(training.progress.history);
  const Index of_others = gathering.nodes->map.is_shared() ? bytes_of_other_processes() : 0;
  mine.memory_bytes = peak_memory_bytes() - of_others;

  // 5. All ranks' measures.
  summarize(comm, mine, run);
  return run;
}

}  // namespace rankwise
