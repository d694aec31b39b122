// Sample runs:
//   rankwise als --data shop.h5 --model model.h5
//   rankwise als --data ratings.h5 --model model.h5 --objective explicit --biases --factors 16 --regularization 0.08
//   mpirun -n 8 rankwise als --data shop.h5 --model model.h5 --weighting linear --alpha 40 --unobserved-weight 1

#include "jobs/als/als.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <memory>
#include <optional>
#include <sstream>

#include "distributed/als/half_sweep.hpp"
#include "distributed/evaluation/baselines.hpp"
#include "io/dataset/dataset.hpp"
#include "io/files/commit.hpp"
#include "io/model/model.hpp"
#include "jobs/als/als_steps.hpp"
#include "jobs/als/gather_plan.hpp"
#include "jobs/als/training_sides.hpp"
#include "jobs/als/warm_start.hpp"
#include "jobs/run/compared_input.hpp"
#include "jobs/run/dataset_shelf.hpp"
#include "kernels/process/process_memory.hpp"
#include "kernels/text/counted.hpp"

namespace rankwise {

namespace {

enum class SideName { users, items };

/// Stops the run with the row that could not be solved, by its id.
[[noreturn]] void fail_at_row(const DatasetReader& dataset, SideName side, Index row, Index epoch) {
  const bool is_user = side == SideName::users;
  const RowRange range{row, row + 1};
  const IdRows id = is_user ? dataset.user_ids(range) : dataset.item_ids(range);
  throw AgreedError(ExitCode::bad_data,
                    fmt::format("epoch {}: {} {} (row {}): its normal equations have no finite solution; expected a "
                                "positive definite system (a larger --regularization gives one)",
                                epoch, is_user ? "user" : "item", id_text(id.ids, 0), row));
}

/// How many of a side's rows each solver took in all half-sweeps, and which share of their time. Collective.
void tell_solvers(const Communicator& comm, Report& report, const char* side, const kernels::SolveTally& tally) {
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

/// One side of the training: what its half-sweeps need, and what they leave.
struct TrainedSide {
  SideName name;
  const SolverPlan& solver;
  AlsSide side;
  AlsFactors factors;
  kernels::SolveTally tally = {};
  bool is_traffic_told = false;

  [[nodiscard]] const char* label() const { return name == SideName::users ? "users" : "items"; }
  [[nodiscard]] const char* phase() const { return name == SideName::users ? "user half-sweeps" : "item half-sweeps"; }
};

/// What a side's half-sweeps send: the same in every epoch. Collective.
void tell_traffic(const Communicator& comm, Report& report, const char* side, Index bytes_sent) {
  const Index total = comm.sum(bytes_sent);
  report.event("traffic", {{"side", side},
                           {"min_bytes_sent", comm.min(bytes_sent)},
                           {"mean_bytes_sent", static_cast<double>(total) / comm.size()},
                           {"max_bytes_sent", comm.max(bytes_sent)},
                           {"total_bytes_sent", total}});
}

/// Enters a half-sweep into the report. Collective.
void account_for(const Communicator& comm, Report& report, TrainedSide& trained, const HalfSweep& done) {
  trained.tally += done.tally;
  report.add_flops(trained.phase(), done.flops);
  report.add_interactions(trained.phase(), trained.side.entries());
  report.add_bytes_sent(done.bytes_sent);
  if (!trained.is_traffic_told) tell_traffic(comm, report, trained.label(), done.bytes_sent);
  trained.is_traffic_told = true;
}

}  // namespace

namespace {

/// The options with the epochs of another model, if they ask for that; the configuration then says so. Collective.
AlsOptions with_epochs(const AlsOptions& options, JobContext& context) {
  AlsOptions resolved = options;
  if (options.epochs_of.empty()) return resolved;
  const ModelReader model(context.comm, options.epochs_of, context.common.input_check);
  warn_if_not_compared(context, model, options.epochs_of);
  const auto history = static_cast<Index>(model.history().size());
  resolved.epochs = model.best_epoch().value_or(history);
  context.report.line(fmt::format("{} epochs, as {} {}", resolved.epochs, options.epochs_of,
                                  model.best_epoch() ? "has at its best" : "has"));
  std::string lines;
  std::istringstream before(context.configuration);
  for (std::string line; std::getline(before, line);) {
    if (line.starts_with("epochs = ")) line = fmt::format("epochs = {}", resolved.epochs);
    lines += (lines.empty() ? "" : "\n") + line;
  }
  context.configuration = lines;
  return resolved;
}

}  // namespace

void train_als(const AlsOptions& given, JobContext& context) {
  const auto run_begin = std::chrono::steady_clock::now();
  const Communicator& comm = context.comm;
  Report& report = context.report;
  const AlsOptions options = with_epochs(given, context);
  require_sense(options);
  check_output(comm, options.model);  // before hours of work, not after
  Objective objective = resolved_objective(options);
  const Index width = options.factors + (objective.biases ? 1 : 0);
  CheckpointClaim claim = Checkpointing::claim(*options.checkpoints, context, run_begin);

  // 1. Partition both sides by predicted cost.
  auto reading = std::make_unique<Report::PhaseTimer>(report, "read");
  const auto opened =
      open_dataset(context, options.data, seeded(options.fold, context.common.seed), options.trained_on);
  const DatasetReader& dataset = *opened;
  if (dataset.entries(DatasetPart::interactions) == 0) {
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("{}: holds no interactions; expected at least one", options.data));
  }
  require_heldout(*options.validation, dataset, options.data);
  std::optional<WarmStart> warm_start;
  if (!options.warm_start.empty()) {
    warm_start.emplace(comm, options.warm_start, options.factors, objective, context.common.input_check);
  }
  if (warm_start && options.validation->metric) {
    warm_start->require_unseen_heldout(dataset, "--validation-metric");
    if (!warm_start->trained_on_all().empty()) {
      report.warning(
          fmt::format("--warm-start {}: this model or an ancestor of it was trained on all of another dataset: what "
                      "--validation-metric reads may partly be in that dataset, and its values are then too good",
                      options.warm_start));
    }
  }
  const TrainingPlan plan = plan_training(dataset, options, objective, context);
  const Partition& user_rows = plan.users.rows;
  const Partition& item_rows = plan.items.rows;
  const RowRange my_users = user_rows.range(comm.rank());
  const RowRange my_items = item_rows.range(comm.rank());
  const BestFactors best_place =
      options.checkpoints->directory.empty() ? BestFactors::in_memory : BestFactors::in_checkpoints;
  EntryCounts entries = count_entries(dataset, plan, comm.rank());
  GatherTask task = gather_task(plan, entries, comm.rank());
  task.beside_bytes = validation_bytes(comm, *options.validation, dataset, user_rows, width);
  if (options.validation->metric && best_place == BestFactors::in_memory) {
    task.beside_bytes += (my_users.size() + my_items.size()) * padded_columns(width) * Index{sizeof(float)};
  }
  if (warm_start) task.beside_bytes = std::max(task.beside_bytes, warm_start->begin_bytes(task));
  const Index copy_bytes = std::max(my_users.size(), my_items.size()) * padded_columns(width) * Index{sizeof(float)};
  const CheckpointWriting checkpoint_writing =
      choose_writing(*options.checkpoints, comm, copy_bytes, options.memory_budget_bytes);
  if (checkpoint_writing == CheckpointWriting::behind) task.beside_bytes += copy_bytes;
  const bool packs_factors = options.checkpoints->deflate_level > 0;
  if (packs_factors) task.beside_bytes += copy_bytes;  // factors hardly shrink
  const GatherChoice gathering = choose_gathering(options, objective, task, context);

  // 2. Read this rank's rows of the matrix and of its transpose, and plan which rows travel.
  std::optional<double> mean;
  const auto read_side = [&](DatasetPart part, const SidePlan& mine, const Partition& other, GatherLimit limit) {
    TrainingRows training = read_training_rows(dataset, part, mine, options, comm);
    if (objective.loss == LossKind::explicit_feedback && part == DatasetPart::interactions) {
      mean = mean_rating(comm, training.values());
      if (objective.biases) objective.global_mean = *mean;
    }
    reading.reset();
    const auto planning = report.phase("plan");
    return make_als_side(comm, objective, mine.rows, other, global_rows(std::move(training.rows)),
                         {mine.shared, global_rows(std::move(training.parts))},
                         {limit, gathering.nodes, options.row_format});
  };
  AlsSide user_side = read_side(DatasetPart::interactions, plan.users, item_rows, gathering.users);
  reading = std::make_unique<Report::PhaseTimer>(report, "read");
  AlsSide item_side = read_side(DatasetPart::interactions_by_item, plan.items, user_rows, gathering.items);
  Validation validation(*options.validation, context, dataset, user_rows, entries.items, mean, best_place);
  const Index interactions = comm.sum(user_side.entries());
  if (options.memory_budget_bytes > 0) {
    const auto users = static_cast<Index>(user_side.batches.size());
    const auto items = static_cast<Index>(item_side.batches.size());
    report.line(fmt::format("memory budget: users in {} batches, items in {}", users, items));
    report.event("batches", {{"users", users}, {"items", items}});
  }

  // 3. Resume or initialise.
  Provenance provenance = context.provenance("model", dataset.provenance().dataset_digest);
  if (warm_start) provenance.warm_start_digest = warm_start->digest();
  Checkpointing checkpointing(*options.checkpoints, checkpoint_writing, context, std::move(claim), provenance,
                              options.validation->metric);
  std::optional<Checkpoint> checkpoint = checkpointing.resume(user_rows, item_rows, width, options.epochs);
  TrainingProgress progress;
  if (checkpoint) progress = std::move(checkpoint->progress);
  FactorPair begun;
  if (warm_start && !checkpoint) {
    begun = warm_start->begin(context, dataset, objective, user_rows, item_rows, gathering);
  }
  const auto initial = [&](const Partition& rows, RandomPurpose purpose, Matrix Checkpoint::*saved,
                           Matrix FactorPair::*warm) {
    FactorMatrix factors{rows, Matrix()};
    if (checkpoint) {
      factors.local = std::move((*checkpoint).*saved);
    } else if (warm_start) {
      factors.local = std::move(begun.*warm);
    } else {
      factors = random_factors(comm, rows, width, width - options.factors, RandomStream(context.common.seed, purpose));
    }
    return with_gramian(comm, objective, std::move(factors));
  };
  TrainedSide users{SideName::users, plan.users.solver, std::move(user_side),
                    initial(user_rows, RandomPurpose::initial_users, &Checkpoint::users, &FactorPair::users)};
  TrainedSide items{SideName::items, plan.items.solver, std::move(item_side),
                    initial(item_rows, RandomPurpose::initial_items, &Checkpoint::items, &FactorPair::items)};
  checkpoint.reset();

  // 4. Sweep: users from items, items from users. Between half-sweeps there may be a checkpoint, or the end.
  const auto sweep = [&](TrainedSide& mine, TrainedSide& other, AlsSide* next) {
    const auto timer = report.phase(mine.phase());
    const HalfSweep done =
        half_sweep(comm, objective, mine.solver, mine.side, other.factors, mine.factors, next, checkpointing.hooks());
    if (done.was_stopped) checkpointing.stop();
    if (done.failed_row >= 0) {
      fail_at_row(dataset, mine.name, done.failed_row, static_cast<Index>(progress.history.size()) + 1);
    }
    account_for(comm, report, mine, done);
    return done;
  };
  const auto seconds_since = [](std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  const auto& user_factors = users.factors.factors;
  const auto& item_factors = items.factors.factors;
  try {
    checkpointing.begin(progress, user_factors, item_factors,
                        progress.solved == SolvedSide::items ? users.side : items.side);
    while (static_cast<Index>(progress.history.size()) < options.epochs && !validation.is_over(progress.history)) {
      const Index epoch = static_cast<Index>(progress.history.size()) + 1;
      const auto epoch_begin = std::chrono::steady_clock::now();
      report.bar("epochs", epoch - 1, options.epochs);
      if (progress.solved == SolvedSide::items) {
        progress.user_regularizer = sweep(users, items, &items.side).regularizer;
        progress.solved = SolvedSide::users;
        checkpointing.pause(progress, user_factors, item_factors, seconds_since(epoch_begin), items.side);
      }
      const auto half_begin = std::chrono::steady_clock::now();
      const HalfSweep done = sweep(items, users, epoch < options.epochs ? &users.side : nullptr);

      // 5. The loss must be finite, and fall under an exact solver; what is held out tells which epoch is the best.
      const EpochLoss loss = epoch_loss(objective, progress.user_regularizer, done, users.factors, items.factors);
      require_sound_loss(loss, progress.history, options.solver, users.side);
      progress.history.push_back(loss);
      progress.solved = SolvedSide::items;
      tell_epoch(report, epoch, options.epochs, loss, interactions, seconds_since(epoch_begin));
      validation.measure(objective, users.factors, items.factors, progress.history, users.side);
      checkpointing.pause(progress, user_factors, item_factors, seconds_since(half_begin), users.side);
    }
    checkpointing.finish();
  } catch (const AgreedError&) {
    checkpointing.settle();
    throw;
  }
  if (users.side.incoming) users.side.incoming->wait();  // for the epoch that patience spared
  if (options.epochs > 0) {
    tell_solvers(comm, report, "users", users.tally);
    tell_solvers(comm, report, "items", items.tally);
  }

  // 6. Write the model of the best epoch, which needs the sides' memory.
  if (gathering.nodes->map.is_shared()) report.share_memory(bytes_of_other_processes());
  users.side = {};
  items.side = {};
  const std::optional<Index> best_epoch = validation.best_epoch(progress.history);
  if (best_epoch && *best_epoch < static_cast<Index>(progress.history.size())) {
    FactorPair best = best_place == BestFactors::in_memory
                          ? validation.take_best()
                          : checkpointing.read_best(*best_epoch, user_rows, item_rows, width);
    users.factors.factors.local = std::move(best.users);
    items.factors.factors.local = std::move(best.items);
    report.line(fmt::format("the model is that of epoch {}, the best of {}", *best_epoch, progress.history.size()));
  }
  const auto writing = report.phase("write");
  Model model{objective,
              options.factors,
              std::move(progress.history),
              {dataset.user_ids(my_users), std::move(users.factors.factors.local), std::move(entries.users)},
              {dataset.item_ids(my_items), std::move(items.factors.factors.local), std::move(entries.items)},
              best_epoch,
              options.trained_on,
              dataset.provenance().configuration};
  if (warm_start) {
    model.lineage = warm_start->lineage();
    model.lineage_trained_on_all = warm_start->trained_on_all();
  }
  write_model(comm, options.model, model, provenance, options.checkpoints->deflate_level);
  report.line(fmt::format("wrote {}: {} and {} with {}", options.model, counted(dataset.users(), "user"),
                          counted(dataset.items(), "item"), counted(options.factors, "factor")));
}

}  // namespace rankwise
