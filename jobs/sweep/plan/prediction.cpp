#include "jobs/sweep/plan/prediction.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <list>

#include "distributed/evaluation/factor_evaluation.hpp"
#include "distributed/planning/layout_plan.hpp"
#include "jobs/evaluate/metrics.hpp"
#include "jobs/planning/layout_figures.hpp"
#include "jobs/planning/planned_matrix.hpp"
#include "jobs/planning/prediction.hpp"
#include "kernels/process/process_memory.hpp"

namespace rankwise {

namespace {

/// Of a core, measured beside epochs: start and end of a program with MPI; the dataset, read and divided some times;
/// and for each pair of a user and an item its scores by the model and by popularity, and whether they are among the
/// best.
constexpr double startup_seconds = 0.25;
constexpr double seconds_per_interaction = 0.35e-6;
constexpr double seconds_per_pair = 2e-9;
constexpr double score_flops_per_second = 40e9;
/// Rows of the fold and of the whole while one is made of the other.
constexpr double bytes_per_interaction = 36;

std::shared_ptr<AlsOptions> training_options(const std::vector<std::string>& arguments) {
  namespace po = boost::program_options;
  const auto options = std::make_shared<AlsOptions>();
  po::options_description description;
  describe_training(description, options);
  po::variables_map values;
  po::store(po::command_line_parser(arguments).options(description).allow_unregistered().run(), values);
  po::notify(values);
  return options;
}

/// Rows that a program of several tasks keeps: of both sides for training, and of the users' for measuring.
constexpr double kept_bytes_per_interaction = 3 * (sizeof(Index) + sizeof(float));

/// A trial, and the layout of its ranks, whose needed rows are counted in one pass over the matrix for all trials.
struct PredictedTrial {
  Trial* trial;
  PlanOptions options;
  PredictedWork work;
  LayoutPlan layout;
};

/// Share of the interactions that a fold's training sees, of temporal and rolling ones the last.
double trained_share(const SweepPlan& plan) {
  const auto fold = parse_fold(plan.folds.front());
  if (!fold || fold->kind == FoldKind::prepared) return 1.0;
  const Index parts = fold->kind == FoldKind::column     ? static_cast<Index>(plan.folds.size())
                      : fold->kind == FoldKind::rolling  ? static_cast<Index>(plan.folds.size()) + 1
                      : fold->kind == FoldKind::temporal ? fold->count + 1
                                                         : fold->count;
  return 1.0 - 1.0 / static_cast<double>(parts);
}

/// What measuring a trained model takes.
struct Evaluation {
  double seconds = 0;  ///< of one core
  double bytes = 0;    ///< of one rank, beside what its program has before
};

Evaluation predict_evaluation(const SweepPlan& plan, Index users, Index items, Index interactions, Index width) {
  Evaluation evaluation;
  evaluation.seconds = seconds_per_interaction * static_cast<double>(interactions);
  const Index user_share = users / plan.ranks;
  evaluation.bytes = bytes_per_interaction * static_cast<double>(interactions) / plan.ranks +
                     2 * static_cast<double>((user_share + items / plan.ranks) * row_bytes(width));
  Index longest = 0;
  const std::vector<EvaluationMetric> metrics = parse_metrics(plan.metrics);
  for (const EvaluationMetric& metric : metrics)
    longest = std::max(longest, metric.ranks() ? std::max<Index>(metric.cutoff, 1) : 0);
  if (longest == 0) return evaluation;  // errors of ratings alone
  const double pairs = static_cast<double>(users) * static_cast<double>(items);
  evaluation.seconds += pairs * (seconds_per_pair + 2 * static_cast<double>(width) / score_flops_per_second);
  // Rankings, then each user's values by the model and by popularity, of the metrics and of recall at a curve's
  // cutoffs.
  constexpr std::size_t curve_metrics = 10;
  const auto value_bytes = 2.0 * sizeof(double) * static_cast<double>(metrics.size() + curve_metrics);
  evaluation.bytes +=
      static_cast<double>(ranking_bytes(user_share, items, width, longest, item_storage(items, width))) +
      static_cast<double>(user_share) * value_bytes;
  return evaluation;
}

}  // namespace

void predict_trials(SweepPlan& plan, const NetworkRate& network, double calibration_seconds, int cores_per_node,
                    InputCheck check) {
  if (plan.job != SweptJob::als) return;

  // 1. Row sizes of a fold's training.
  const PlannedMatrix matrix = matrix_of_dataset(plan.data, TrainedOn::training, check);
  const double share = trained_share(plan);
  const auto trained = [share](std::vector<Index> sizes) {
    for (Index& size : sizes) size = static_cast<Index>(static_cast<double>(size) * share + 0.5);
    return sizes;
  };
  const std::vector<Index> user_sizes = trained(matrix.user_sizes);
  const std::vector<Index> item_sizes = trained(matrix.item_sizes);

  // 2. Work and layout of each trial.
  const NodeCount nodes = count_nodes(plan.ranks, plan.threads_per_rank, cores_per_node);
  std::list<PredictedTrial> predicted;
  for (Trial& trial : plan.trials) {
    PlanOptions options;
    options.als = *training_options(trial.arguments);
    options.als.epochs = 1;
    options.network = network;
    PredictedWork work = predict_work(options.als, user_sizes, item_sizes);
    const int sharers = options.als.node_sharing == NodeSharing::off ? 1 : nodes.ranks_per_node;
    LayoutPlan layout(work.users, work.items, work.costs.objective, plan.ranks, sharers);
    predicted.push_back({&trial, std::move(options), std::move(work), std::move(layout)});
  }
  const MachineRatio ratio = measure_machine(predicted.front().work.costs, user_sizes, item_sizes, calibration_seconds);
  if (plan.ranks > 1) {
    matrix.for_each_block([&](const PatternRows& rows) {
      for (PredictedTrial& each : predicted) each.layout.add(rows);
    });
  }

  // 3. Seconds and memory.
  const double base_bytes = static_cast<double>(resident_bytes()) + first_use_bytes;
  const auto users = static_cast<Index>(user_sizes.size());
  const auto items = static_cast<Index>(item_sizes.size());
  for (PredictedTrial& each : predicted) {
    PlannedRun run{.options = each.options, .costs = each.work.costs, .ratio = ratio, .cores_per_node = cores_per_node};
    run.base_memory_bytes = base_bytes;
    const LayoutFigures figures =
        layout_figures(run, each.work.users, each.work.items, each.layout, plan.threads_per_rank);
    each.trial->epoch_seconds = figures.epoch_seconds;
    const Evaluation evaluation = predict_evaluation(plan, users, items, matrix.interactions, each.work.costs.width);
    each.trial->memory_bytes = std::max(figures.memory_bytes.max, base_bytes + evaluation.bytes);
    if (plan.trials_per_program > 1) {
      each.trial->memory_bytes += kept_bytes_per_interaction * static_cast<double>(matrix.interactions) / plan.ranks;
    }
    const double cores = static_cast<double>(plan.ranks) * plan.threads_per_rank;
    each.trial->other_seconds = startup_seconds + evaluation.seconds / cores;
  }
}

}  // namespace rankwise
