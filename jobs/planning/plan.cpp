// Sample runs:
//   rankwise plan --data shop.h5 --factors 128 --ranks 1,2,4,8 --threads-per-rank 8,16 --memory-per-rank 16GiB
//   rankwise plan --data shop.h5 --config als.ini --ranks 64 --threads-per-rank 32 --cores-per-node 64 --sbatch
//   als.sbatch rankwise plan --shape shop --users 10000000 --items 1000000 --interactions 100000000 --ranks
//   256,512,1024

#include "jobs/planning/plan.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <memory>
#include <set>

#include "io/files/commit.hpp"
#include "jobs/planning/layout_figures.hpp"
#include "jobs/planning/planned_matrix.hpp"
#include "jobs/planning/prediction.hpp"
#include "jobs/run/standard_output.hpp"
#include "jobs/run/text_output.hpp"
#include "jobs/run/threads.hpp"
#include "kernels/process/process_memory.hpp"
#include "kernels/text/counted.hpp"
#include "kernels/text/units.hpp"
#include "slurm/batch/sbatch_file.hpp"

namespace rankwise {

namespace {

/// What the root found, for all to write.
struct PlanTexts {
  std::string json;
  std::string sbatch;
};

void require_sense(const PlanOptions& options) {
  const auto refuse = [](const char* message) { throw AgreedError(ExitCode::usage, message); };
  if (options.als.data.empty() && !options.sizes.any()) {
    refuse("plan needs --data FILE, or stated sizes: --users, --items, --interactions or --shape");
  }
  if (!options.als.data.empty() && options.sizes.any()) {
    refuse("--users, --items, --interactions and --shape state sizes in place of --data; give one or the other");
  }
  if (options.als.memory_budget_bytes > 0) {
    refuse("plan counts runs without --memory-budget; --memory-per-rank leaves out layouts that need more");
  }
  if (options.als.trained_on != TrainedOn::training && options.als.data.empty()) {
    refuse("--train-on other than training needs --data; stated sizes have no parts");
  }
  if (!options.sbatch.empty() && options.als.data.empty()) refuse("--sbatch needs --data: what its job is to read");
  if (options.sbatch.empty() && !options.slurm_partition.empty())
    refuse("--partition has a meaning only with --sbatch");
  for (const int threads : options.threads_per_rank) {
    if (options.cores_per_node > 0 && threads > options.cores_per_node) {
      refuse("--threads-per-rank has more threads than --cores-per-node has cores");
    }
  }
}

/// Which rows travel depends on no more than this.
struct Spread {
  int ranks = 1;
  int sharers = 1;  ///< consecutive ranks that share what they gather
  friend auto operator<=>(const Spread&, const Spread&) = default;
};

Spread spread_of(const PlanOptions& options, int ranks, int threads, int cores_per_node) {
  if (options.als.node_sharing == NodeSharing::off) return {ranks, 1};
  return {ranks, count_nodes(ranks, threads, cores_per_node).ranks_per_node};
}

std::string sbatch_of(const PlanOptions& options, const LayoutFigures& layout, const std::string& configuration) {
  slurm::SbatchFile file;
  file.job_name = options.job_name;
  file.partition = options.slurm_partition;
  file.nodes = layout.nodes;
  file.tasks = layout.ranks;
  file.tasks_per_node = layout.ranks_per_node;
  file.cpus_per_task = layout.threads_per_rank;
  file.memory_mebibytes_per_node = layout.memory_mebibytes_per_node;
  file.time_limit_seconds = layout.time_limit_seconds;
  file.comments = {
      fmt::format("rankwise plan: {} epochs of {:.3g} s, {} on the largest rank; asked for: {} and {} times that",
                  options.als.epochs, layout.epoch_seconds, bytes_text(layout.memory_bytes.max), options.safety,
                  options.memory_safety)};
  file.command = {"rankwise",     "als",
                  "--data",       options.als.data,
                  "--model",      options.als.model,
                  "--checkpoint", options.als.model + ".checkpoints"};
  if (options.als.node_sharing == NodeSharing::off) file.command.insert(file.command.end(), {"--node-sharing", "off"});
  for (std::string& argument : training_arguments(configuration)) file.command.push_back(std::move(argument));
  return slurm::sbatch_text(file);
}

/// Everything but the writing of files; the root's alone.
PlanTexts make_plan(const PlanOptions& options, JobContext& context, int cores_per_node) {
  Report& report = context.report;
  PlannedRun run{.options = options, .costs = {}, .ratio = {}, .cores_per_node = cores_per_node};
  run.base_memory_bytes = static_cast<double>(resident_bytes()) + first_use_bytes;

  // 1. Row sizes.
  const PlannedMatrix matrix = options.als.data.empty() ? matrix_of_sizes(options.sizes, context.common.seed)
                                                        : matrix_of_dataset(options.als.data, options.als.trained_on,
                                                                            context.common.input_check);
  const auto users = static_cast<Index>(matrix.user_sizes.size());
  const auto items = static_cast<Index>(matrix.item_sizes.size());
  report.line(fmt::format("{} x {}, {}", counted(users, "user"), counted(items, "item"),
                          counted(matrix.interactions, "interaction")));

  // 2. How rows will be solved, what that costs, and how fast it is here.
  const PredictedWork work = predict_work(options.als, matrix.user_sizes, matrix.item_sizes);
  run.costs = work.costs;
  // Both matrices, with offsets; ids and factors read or written.
  run.file_bytes = 16.0 * static_cast<double>(matrix.interactions) +
                   static_cast<double>((users + items) * (row_bytes(run.costs.width) + 16));
  if (options.calibration_seconds > 0) {
    run.ratio = measure_machine(run.costs, matrix.user_sizes, matrix.item_sizes, options.calibration_seconds);
    report.line(
        fmt::format("one core here takes {:.2f} (users) and {:.2f} (items) times the seconds of the build's rates",
                    run.ratio.users, run.ratio.items));
  }

  // 3. Partitions, and which rows travel: one pass over the matrix for all layouts.
  std::map<Spread, LayoutPlan> layouts;
  std::set<Spread> spreads{{1, 1}};  // the measure of efficiency
  for (const int ranks : options.ranks) {
    for (const int threads : options.threads_per_rank)
      spreads.insert(spread_of(options, ranks, threads, cores_per_node));
  }
  for (const Spread& spread : spreads) {
    layouts.emplace(spread, LayoutPlan(work.users, work.items, run.costs.objective, spread.ranks, spread.sharers));
  }
  matrix.for_each_block([&](const PatternRows& rows) {
    for (auto& [spread, layout] : layouts) layout.add(rows);
    report.bar("users", rows.first_row, users);
  });
  run.one_core_epoch_seconds = predict_epoch(layouts.at({1, 1}), run.costs, run.ratio, NetworkRate(), 1).seconds();

  // 4. Figures, and the layout to take.
  std::vector<LayoutFigures> figures;
  for (const int ranks : options.ranks) {
    for (const int threads : options.threads_per_rank) {
      const LayoutPlan& layout = layouts.at(spread_of(options, ranks, threads, cores_per_node));
      figures.push_back(layout_figures(run, work.users, work.items, layout, threads));
    }
  }
  const Recommendation recommended = recommend_layout(options, figures);
  print_result(layout_table(figures, recommended));
  for (const LayoutFigures& layout : figures) {
    report.event("layout", {{"ranks", Index{layout.ranks}},
                            {"threads_per_rank", Index{layout.threads_per_rank}},
                            {"max_memory_bytes", layout.memory_bytes.max},
                            {"imbalance", layout.imbalance},
                            {"epoch_seconds", layout.epoch_seconds},
                            {"efficiency", layout.efficiency},
                            {"core_hours", layout.core_hours}});
  }

  // 5. What is to be written.
  PlanTexts texts;
  if (!options.json.empty()) {
    texts.json = layouts_json(run, users, items, matrix.interactions, figures, recommended);
  }
  if (!options.sbatch.empty()) {
    if (!recommended.layout) {
      throw Error(ExitCode::usage, fmt::format("--sbatch {}: not written: {}", options.sbatch, recommended.reason));
    }
    texts.sbatch = sbatch_of(options, figures[*recommended.layout], context.configuration);
  }
  return texts;
}

}  // namespace

void plan_als(const PlanOptions& options, JobContext& context) {
  const Communicator& comm = context.comm;
  require_sense(options);
  require_sense(options.als);
  for (const std::string& path : {options.json, options.sbatch}) {
    if (!path.empty()) check_output(comm, path);
  }
  const int cores_per_node =
      options.cores_per_node > 0 ? options.cores_per_node : processors_per_rank(comm) * comm.node().size();
  const PlanTexts texts = [&] {
    const auto timer = context.report.phase("plan");
    return agree_on(comm, [&] { return comm.is_root() ? make_plan(options, context, cores_per_node) : PlanTexts(); });
  }();
  write_from_root(context, options.json, texts.json);
  write_from_root(context, options.sbatch, texts.sbatch);
}

}  // namespace rankwise
