#include "jobs/scale/run_predictor.hpp"

#include <fmt/format.h>
#include <vector>

#include "distributed/comm/patient_barrier.hpp"
#include "distributed/planning/rows_at_root.hpp"
#include "jobs/planning/prediction.hpp"
#include "kernels/process/process_memory.hpp"

namespace rankwise {

RunPredictor::RunPredictor(const ScaleOptions& options, JobContext& context)
    : threads_(context.common.threads),
      base_memory_bytes_(static_cast<double>(resident_bytes()) + first_use_bytes),
      report_(context.report) {
  options_.als = options.als;
  options_.network = options.network;
  options_.calibration_seconds = options.calibration_seconds;
}

LayoutFigures RunPredictor::predict(const Communicator& comm, const SyntheticMatrix& matrix) {
  // 1. Where the ranks are: the layout is planned for nodes of as many.
  const auto most_on_a_node = static_cast<int>(comm.max(Index{comm.node().size()}));
  // 2. Row sizes, which say what rows cost, and how fast they are solved here.
  const std::vector<Index> user_sizes = row_sizes_at_root(comm, matrix.users);
  const std::vector<Index> item_sizes = row_sizes_at_root(comm, matrix.items);
  std::optional<PredictedWork> work;
  std::optional<LayoutPlan> layout;
  if (comm.is_root()) {
    work = predict_work(options_.als, user_sizes, item_sizes);
    layout.emplace(work->users, work->items, work->costs.objective, comm.size(),
                   options_.als.node_sharing == NodeSharing::off ? 1 : most_on_a_node);
    if (!ratio_) {
      ratio_ = measure_machine(work->costs, user_sizes, item_sizes, options_.calibration_seconds);
      report_.line(
          fmt::format("one core here takes {:.2f} (users) and {:.2f} (items) times the seconds of the build's rates",
                      ratio_->users, ratio_->items));
    }
  }
  patient_barrier(comm);
  // 3. Who needs what.
  visit_at_root(comm, matrix.users, [&layout](const PatternRows& rows) { layout->add(rows); });
  if (!comm.is_root()) return {};
  const PlannedRun run{.options = options_,
                       .costs = work->costs,
                       .ratio = *ratio_,
                       .base_memory_bytes = base_memory_bytes_,
                       .cores_per_node = most_on_a_node * threads_};
  return layout_figures(run, work->users, work->items, *layout, threads_);
}

}  // namespace rankwise
