// Sample runs:
//   rankwise als --data shop.h5 --model model.h5
//   rankwise als --data ratings.h5 --model model.h5 --objective explicit --biases --factors 16 --regularization 0.08
//   mpirun -n 8 rankwise als --data shop.h5 --model model.h5 --weighting linear --alpha 40 --unobserved-weight 1

#include "jobs/als/als.hpp"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "distributed/als/described_rows.hpp"
#include "distributed/als/training.hpp"
#include "distributed/evaluation/baselines.hpp"
#include "io/dataset/dataset.hpp"
#include "io/dataset/dataset_tables.hpp"
#include "io/files/commit.hpp"
#include "io/model/model.hpp"
#include "jobs/als/als_driver.hpp"
#include "jobs/als/checkpointing.hpp"
#include "jobs/als/forgotten_users.hpp"
#include "jobs/als/gather_plan.hpp"
#include "jobs/als/side_features.hpp"
#include "jobs/als/training_sides.hpp"
#include "jobs/als/validation.hpp"
#include "jobs/als/warm_start.hpp"
#include "jobs/evaluate/models/heldout_users.hpp"
#include "jobs/evaluate/models/user_features.hpp"
#include "jobs/run/compared_input.hpp"
#include "jobs/run/dataset_shelf.hpp"
#include "kernels/process/process_memory.hpp"
#include "kernels/text/counted.hpp"
#include "kernels/text/units.hpp"

namespace rankwise {

namespace {

/// Writes what an option turned out to be into the configuration, which has one `name = value` a line.
void set_configured(std::string& configuration, std::string_view name, const std::string& value) {
  const std::string begin = fmt::format("{} = ", name);
  std::string lines;
  std::istringstream before(configuration);
  for (std::string line; std::getline(before, line);) {
    if (line.starts_with(begin)) line = begin + value;
    lines += (lines.empty() ? "" : "\n") + line;
  }
  configuration = lines;
}

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
  set_configured(context.configuration, "epochs", fmt::format("{}", resolved.epochs));
  return resolved;
}

/// What is asked for, once all is resolved.
struct AlsRun {
  const AlsOptions& options;
  Objective objective;  ///< its weights as soon as it is known what is trained on
  Index width;          ///< floats of a row, with its bias

  [[nodiscard]] BestFactors best_place() const {
    return options.checkpoints->directory.empty() ? BestFactors::in_memory : BestFactors::in_checkpoints;
  }
};

/// The options as the solvers take them: rows with features are solved by their normal equations.
AlsOptions with_solver(AlsOptions options) {
  if (options.features->any()) options.solver.choice = SolverChoice::primal;
  return options;
}

/// Refuses a dataset without interactions, or with nothing held out if that is asked for. Collective.
void require_fit(const DatasetReader& dataset, const AlsOptions& options) {
  if (dataset.entries(DatasetPart::interactions) == 0) {
    throw AgreedError(ExitCode::bad_data,
                      fmt::format("{}: holds no interactions; expected at least one", options.data));
  }
  require_heldout(*options.validation, dataset, options.data);
}

/// The model that the training begins with, if it is to begin with one. Collective.
std::optional<WarmStart> open_warm_start(const AlsRun& run, const DatasetReader& dataset, JobContext& context) {
  const AlsOptions& options = run.options;
  std::optional<WarmStart> warm_start;
  if (options.warm_start.empty()) return warm_start;
  warm_start.emplace(context.comm, options.warm_start, options.factors, run.objective, context.common.input_check);
  if (options.trained_on == TrainedOn::training) warm_start->require_unseen_validation(dataset);
  if (!options.validation->metric) return warm_start;
  warm_start->require_unseen_heldout(dataset, "--validation-metric");
  if (!warm_start->trained_on_all().empty()) {
    context.report.warning(
        fmt::format("--warm-start {}: this model or an ancestor of it was trained on all of another dataset: what "
                    "--validation-metric reads may partly be in that dataset, and its values are then too good",
                    options.warm_start));
  }
  return warm_start;
}

/// Who does what, found before anything is read but row sizes.
struct Layout {
  TrainingPlan plan;
  EntryCounts entries;
  CheckpointWriting checkpoint_writing;
  GatherPlan gathering;

  [[nodiscard]] const Partition& users() const { return plan.users.rows; }
  [[nodiscard]] const Partition& items() const { return plan.items.rows; }
};

/// Partitions both sides by predicted cost and divides the memory. Collective.
Layout lay_out(const AlsRun& run, const DatasetReader& dataset, const std::optional<WarmStart>& warm_start,
               JobContext& context) {
  const Communicator& comm = context.comm;
  const AlsOptions& options = run.options;
  Layout layout{plan_training(dataset, options, run.objective, context), {}, {}, {}};
  layout.entries = count_entries(dataset, layout.plan, comm.rank());
  const Index users = layout.users().range(comm.rank()).size();
  const Index items = layout.items().range(comm.rank()).size();
  const Index row_bytes = padded_columns(run.width) * Index{sizeof(float)};
  GatherTask task = gather_task(layout.plan, layout.entries, comm.rank());
  task.beside_bytes =
      validation_bytes(comm, *options.validation, dataset, layout.users(), run.width, options.memory_budget_bytes);
  if (options.validation->metric && run.best_place() == BestFactors::in_memory) {
    task.beside_bytes += (users + items) * row_bytes;
  }
  task.beside_bytes += (options.features->user_columns.empty() ? 0 : 2 * users * row_bytes) +
                       (options.features->item_columns.empty() ? 0 : 2 * items * row_bytes);
  if (warm_start) task.beside_bytes = std::max(task.beside_bytes, warm_start->begin_bytes(task));
  const Index copy_bytes = std::max(users, items) * row_bytes;
  layout.checkpoint_writing = choose_writing(*options.checkpoints, comm, copy_bytes, options.memory_budget_bytes);
  if (layout.checkpoint_writing == CheckpointWriting::behind) task.beside_bytes += copy_bytes;
  const bool packs_factors = options.checkpoints->deflate_level > 0;
  if (packs_factors) task.beside_bytes += copy_bytes;  // factors hardly shrink
  layout.gathering = plan_gathering(options, run.objective, task, context);
  return layout;
}

/// The objective for what is trained on. An unobserved weight that follows from that is told, and the configuration
/// then has it. Collective.
Objective objective_for(const AlsOptions& options, const EntryCounts& entries, JobContext& context) {
  const MatrixSize size = trained_size(context.comm, entries);
  const Objective objective = resolved_objective(options, size);
  if (objective.loss == LossKind::explicit_feedback || options.unobserved_weight) return objective;
  const double weight = objective.unobserved_weight;
  context.report.line(fmt::format("unobserved weight {:.6g}: 20 x {} / ({} x {})", weight,
                                  counted(size.interactions, "interaction"), counted(size.users, "user"),
                                  counted(size.items, "item")));
  context.report.event(
      "unobserved_weight",
      {{"value", weight}, {"interactions", size.interactions}, {"users", size.users}, {"items", size.items}});
  set_configured(context.configuration, "unobserved-weight", fmt::format("{}", weight));
  return objective;
}

/// Both sides of the matrix in the hands of this rank.
struct ReadSides {
  TrainingSide users;
  TrainingSide items;
  std::optional<double> mean_rating;  ///< under the explicit loss
};

/// Reads this rank's rows of the matrix and of its transpose, and plans which rows travel. Gives the objective its mean
/// if it has biases. Collective.
ReadSides read_sides(AlsRun& run, const DatasetReader& dataset, const Layout& layout, JobContext& context) {
  const Communicator& comm = context.comm;
  ReadSides sides;
  const auto read_rows = [&](DatasetPart part, const SidePlan& mine) {
    const auto timer = context.report.phase("read");
    TrainingRows rows = read_training_rows(dataset, part, mine, run.options, comm);
    if (run.objective.loss == LossKind::explicit_feedback && part == DatasetPart::interactions) {
      sides.mean_rating = mean_rating(comm, rows.values());
      if (run.objective.biases) run.objective.global_mean = *sides.mean_rating;
    }
    return rows;
  };
  const auto read_side = [&](DatasetPart part, const SidePlan& mine, const Partition& other, GatherLimit limit) {
    TrainingRows rows = read_rows(part, mine);
    const auto timer = context.report.phase("plan");
    return make_training_side(comm, run.objective, mine.rows, other, global_rows(std::move(rows.rows)),
                              {mine.shared, global_rows(std::move(rows.parts))},
                              {limit, layout.gathering.nodes, run.options.row_format});
  };
  sides.users = read_side(DatasetPart::interactions, layout.plan.users, layout.items(), layout.gathering.users);
  sides.items = read_side(DatasetPart::interactions_by_item, layout.plan.items, layout.users(), layout.gathering.items);
  return sides;
}

/// What validation needs of the features, if there are such. Collective.
ValidationFeatures validation_features(const AlsRun& run, const DatasetReader& dataset,
                                       const TrainingFeatures& features, const std::optional<Fold>& fold,
                                       JobContext& context) {
  ValidationFeatures found;
  if (!run.options.validation->metric) return found;
  if (features.items) found.described_items = features.items->regression->described_rows();
  if (!features.users) return found;
  found.described_users = features.users->regression->described_rows();
  if (!dataset.has(DatasetPart::given)) return found;
  found.new_users = read_user_features(context.comm, dataset, run.options.data, features.users->map,
                                       heldout_partition(context.comm, dataset), fold ? 0 : dataset.training_users());
  return found;
}

/// What the budget of a rank does not count.
void tell_feature_memory(Report& report, const AlsOptions& options, const TrainingFeatures& features) {
  if (options.memory_budget_bytes == 0) return;
  Index bytes = 0;
  for (const auto* side : {&features.users, &features.items}) {
    if (*side) bytes += (*side)->regression->matrix_bytes();
  }
  if (bytes == 0) return;
  report.warning(fmt::format("each rank holds {} of the features' normal equations beside --memory-budget",
                             bytes_text(static_cast<double>(bytes))));
}

void tell_batches(Report& report, const AlsOptions& options, const ReadSides& sides) {
  if (options.memory_budget_bytes == 0) return;
  const auto users = static_cast<Index>(sides.users.batches.size());
  const auto items = static_cast<Index>(sides.items.batches.size());
  report.line(fmt::format("memory budget: users in {} batches, items in {}", users, items));
  report.event("batches", {{"users", users}, {"items", items}});
}

/// The training where its checkpoint has left it, or at its beginning: where an older model has ended, or at random.
/// Collective.
AlsTraining resume_or_initialise(const AlsRun& run, ReadSides sides, const Layout& layout, Checkpointing& checkpointing,
                                 const std::optional<WarmStart>& warm_start, const TrainingFeatures& features,
                                 const DatasetReader& dataset, JobContext& context) {
  const Communicator& comm = context.comm;
  const AlsOptions& options = run.options;
  std::optional<Checkpoint> checkpoint =
      checkpointing.resume(layout.users(), layout.items(), run.width, options.epochs);
  FactorPair begun;
  if (checkpoint) {
    begun = {std::move(checkpoint->users), std::move(checkpoint->items)};
  } else if (warm_start) {
    begun = warm_start->begin(context, dataset, run.objective, layout.users(), layout.items(), layout.gathering);
  } else {
    const auto random = [&](const Partition& rows, RandomPurpose purpose) {
      const RandomStream stream(context.common.seed, purpose);
      return random_factors(comm, rows, run.width, run.width - options.factors, stream).local;
    };
    begun = {random(layout.users(), RandomPurpose::initial_users),
             random(layout.items(), RandomPurpose::initial_items)};
  }
  const auto trained = [&](const SidePlan& plan, TrainingSide& side, Matrix& factors,
                           const std::optional<SideFeatures>& of_side) {
    return TrainedSide{plan.solver, std::move(side), with_gramian(comm, run.objective, {plan.rows, std::move(factors)}),
                       of_side ? of_side->regression : nullptr};
  };
  return {.objective = run.objective,
          .solver = options.solver,
          .epochs = options.epochs,
          .users = trained(layout.plan.users, sides.users, begun.users, features.users),
          .items = trained(layout.plan.items, sides.items, begun.items, features.items),
          .progress = checkpoint ? std::move(checkpoint->progress) : TrainingProgress()};
}

/// Puts the factors of the best epoch in the place of the last one's. Collective.
void take_best(AlsTraining& training, const AlsRun& run, const Layout& layout, std::optional<Index> best_epoch,
               Validation& validation, Checkpointing& checkpointing, Report& report) {
  const Index epochs = training.progress.epochs();
  if (!best_epoch || *best_epoch == epochs) return;
  FactorPair best = run.best_place() == BestFactors::in_memory
                        ? validation.take_best()
                        : checkpointing.read_best(*best_epoch, layout.users(), layout.items(), run.width);
  training.users.factors.factors.local = std::move(best.users);
  training.items.factors.factors.local = std::move(best.items);
  report.line(fmt::format("the model is that of epoch {}, the best of {}", *best_epoch, epochs));
}

/// The time that nothing is later than which the training or the model that it began with has learned, in seconds since
/// 1970; nothing if that is not known. Collective.
std::optional<std::int64_t> last_training_seconds(const DatasetReader& dataset, TrainedOn trained_on,
                                                  const std::optional<WarmStart>& warm_start) {
  const std::optional<std::int64_t> own = last_trained_seconds(dataset.log_times(), trained_on);
  if (!warm_start) return own;
  const std::optional<std::int64_t> earlier = warm_start->last_training_seconds();
  if (!own || !earlier) return std::nullopt;
  return std::max(*own, *earlier);
}

/// Puts what features predict in the place of rows without entries; the map that does, if the side has features.
/// Collective.
std::optional<ModelFeatures> take_described(const Communicator& comm, TrainedSide& side,
                                            const std::optional<SideFeatures>& features) {
  if (!features) return std::nullopt;
  DescribedSide described = describe_side(comm, side);
  side.factors.factors.local = std::move(described.factors);
  return model_features(*features, std::move(described.weights));
}

/// Writes the model that the training holds. Collective.
void write_trained(AlsTraining training, const AlsRun& run, EntryCounts entries, std::optional<Index> best_epoch,
                   const std::optional<WarmStart>& warm_start, const TrainingFeatures& features,
                   const Provenance& provenance, const DatasetReader& dataset, JobContext& context) {
  const auto timer = context.report.phase("write");
  const AlsOptions& options = run.options;
  std::optional<ModelFeatures> user_features = take_described(context.comm, training.users, features.users);
  std::optional<ModelFeatures> item_features = take_described(context.comm, training.items, features.items);
  const auto side = [&](TrainedSide& trained, IdRows ids, std::vector<Index>& counts) {
    return ModelSide{std::move(ids), std::move(trained.factors.factors.local), std::move(counts)};
  };
  const auto mine = [&](const TrainedSide& trained) {
    return trained.factors.factors.partition.range(context.comm.rank());
  };
  Model model{run.objective,
              options.factors,
              std::move(training.progress.history),
              side(training.users, dataset.user_ids(mine(training.users)), entries.users),
              side(training.items, dataset.item_ids(mine(training.items)), entries.items),
              best_epoch,
              options.trained_on,
              dataset.provenance().configuration};
  model.user_features = std::move(user_features);
  model.item_features = std::move(item_features);
  model.last_training_seconds = last_training_seconds(dataset, options.trained_on, warm_start);
  if (warm_start) {
    model.lineage = warm_start->lineage();
    model.lineage_datasets = warm_start->lineage_datasets();
    model.lineage_trained_on_all = warm_start->trained_on_all();
  }
  write_model(context.comm, options.model, model, provenance, options.checkpoints->deflate_level);
  context.report.line(fmt::format("wrote {}: {} and {} with {}", options.model, counted(dataset.users(), "user"),
                                  counted(dataset.items(), "item"), counted(options.factors, "factor")));
}

}  // namespace

void train_als(const AlsOptions& given, JobContext& context) {
  const auto run_begin = std::chrono::steady_clock::now();
  Report& report = context.report;

  // 1. What is asked for, refused before hours of work, not after.
  const AlsOptions asked = with_epochs(given, context);
  require_sense(asked);
  const AlsOptions options = with_solver(asked);
  check_output(context.comm, options.model);
  AlsRun run{options, options.objective, options.factors + (options.objective.biases ? 1 : 0)};
  CheckpointClaim claim = Checkpointing::claim(*options.checkpoints, context, run_begin);

  // 2. Who does what, from the sizes of the dataset's rows.
  auto reading = std::make_unique<Report::PhaseTimer>(report, "read");
  const std::optional<Fold> fold = seeded(options.fold, context.common.seed);
  const std::optional<Fold> validated = validating_fold(*options.validation, fold, options.data, context);
  const auto opened = open_dataset(context, options.data, validated, options.trained_on);
  const DatasetReader& dataset = *opened;
  require_fit(dataset, options);
  tell_validated_part(*options.validation, fold, validated, report);
  const std::optional<WarmStart> warm_start = open_warm_start(run, dataset, context);
  if (!options.forget.empty()) require_forgotten(context, options, dataset, warm_start);
  Layout layout = lay_out(run, dataset, warm_start, context);
  run.objective = objective_for(options, layout.entries, context);
  reading.reset();

  // 3. Read both sides, and what is held out.
  ReadSides sides = read_sides(run, dataset, layout, context);
  const TrainingFeatures features =
      learn_training_features(*options.features, options.data, run.objective, {layout.users(), layout.entries.users},
                              {layout.items(), layout.entries.items}, context);
  tell_feature_memory(report, options, features);
  Validation validation(*options.validation, context, dataset, layout.users(), layout.entries.items, sides.mean_rating,
                        run.best_place(), options.memory_budget_bytes,
                        validation_features(run, dataset, features, validated, context));
  tell_batches(report, options, sides);

  // 4. Resume or initialise.
  Provenance provenance = context.provenance("model", dataset.provenance().dataset_digest);
  if (warm_start) provenance.warm_start_digest = warm_start->digest();
  if (options.features->any()) provenance.tables_digest = tables_digest(context.comm, options.data);
  Checkpointing checkpointing(*options.checkpoints, layout.checkpoint_writing, context, std::move(claim), provenance,
                              options.validation->metric);
  AlsTraining training =
      resume_or_initialise(run, std::move(sides), layout, checkpointing, warm_start, features, dataset, context);

  // 5. Train: users from items, items from users. Between half-sweeps there may be a checkpoint, or the end.
  AlsDriver driver(context, dataset, checkpointing, validation);
  train(context.comm, training, driver);
  if (options.epochs > 0) driver.tell_solvers();

  // 6. Write the model of the best epoch, which needs the sides' memory; say whether it is worth serving.
  if (layout.gathering.nodes->map.is_shared()) report.share_memory(bytes_of_other_processes());
  training.users.side = {};
  training.items.side = {};
  const std::optional<Index> best_epoch = validation.best_epoch(training.progress.history);
  take_best(training, run, layout, best_epoch, validation, checkpointing, report);
  if (best_epoch) {
    const double best_value = training.progress.history[static_cast<std::size_t>(*best_epoch - 1)].validation;
    validation.compare_with_popularity(best_value, options.data);
  }
  write_trained(std::move(training), run, std::move(layout.entries), best_epoch, warm_start, features, provenance,
                dataset, context);
}

}  // namespace rankwise
