#include "jobs/als/training_sides.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>

namespace rankwise {

namespace {

/// A confidence 1 + alpha r below zero would make the loss unbounded.
void require_confidences(const AlsOptions& options, const SparseRows& rows) {
  if (options.objective.loss == LossKind::explicit_feedback || options.objective.weighting == Weighting::constant)
    return;
  for (const float value : rows.values) {
    if (value < 0) {
      throw Error(ExitCode::bad_data,
                  fmt::format("{}: interaction value {}: implicit weighting by value expects values "
                              ">= 0 (prepare --min-value drops others)",
                              options.data, value));
    }
  }
}

void tell_sharing(Report& report, const char* side, const SidePlan& plan) {
  if (plan.shared.empty()) return;
  Index parts = 0;
  for (const SharedRow& row : plan.shared) {
    const int owner = plan.rows.owner(row.row);
    parts += std::ranges::count_if(row.ranks, [owner](int rank) { return rank != owner; });
  }
  const auto rows = static_cast<Index>(plan.shared.size());
  report.line(fmt::format("balance of {}: {} parts of {} rows are summed by other ranks than the rows' own", side,
                          parts, rows));
  report.event("shared_rows", {{"side", side}, {"rows", rows}, {"parts", parts}});
}

}  // namespace

TrainingPlan plan_training(const DatasetReader& dataset, const AlsOptions& options, const Objective& objective,
                           JobContext& context) {
  const Communicator& comm = context.comm;
  const Index width = options.factors + (objective.biases ? 1 : 0);
  // Batches have forgotten a part's entries by the time when its row's solution is known.
  const bool entries_stay = options.memory_budget_bytes == 0 || objective.has_closed_loss();
  const auto plan = [&](DatasetPart part) {
    const Index rows = dataset.rows(part);
    const RowRange share = Partition::by_count(rows, comm.size()).range(comm.rank());
    return plan_side(comm, options.solver, objective, width, rows, dataset.columns(part),
                     dataset.row_sizes(part, share), entries_stay ? RowSharing::automatic : RowSharing::off);
  };
  TrainingPlan training{plan(DatasetPart::interactions), plan(DatasetPart::interactions_by_item)};
  tell_sharing(context.report, "users", training.users);
  tell_sharing(context.report, "items", training.items);
  return training;
}

EntryCounts count_entries(const DatasetReader& dataset, const TrainingPlan& plan, int rank) {
  return {dataset.row_sizes(DatasetPart::interactions, plan.users.rows.range(rank)),
          dataset.row_sizes(DatasetPart::interactions_by_item, plan.items.rows.range(rank))};
}

MatrixSize trained_size(const Communicator& comm, const EntryCounts& entries) {
  const auto with_entries = [](std::span<const Index> sizes) {
    return Index{std::ranges::count_if(sizes, [](Index size) { return size > 0; })};
  };
  const Index interactions = std::accumulate(entries.users.begin(), entries.users.end(), Index{0});
  std::array<Index, 3> counts{with_entries(entries.users), with_entries(entries.items), interactions};
  comm.all_reduce_sum(std::span<Index>(counts));
  return {counts[0], counts[1], counts[2]};
}

TrainingRows read_training_rows(const DatasetReader& dataset, DatasetPart part, const SidePlan& plan,
                                const AlsOptions& options, const Communicator& comm) {
  const RowRange mine = plan.rows.range(comm.rank());
  std::vector<Index> without;
  for (const SharedRow& row : shared_within(plan.shared, mine)) without.push_back(row.row);
  TrainingRows training{dataset.read(part, mine, without), {}};
  if (!plan.shared.empty()) training.parts = dataset.read_parts(part, parts_of(plan.shared, comm.rank()));
  agree_on(comm, [&] {
    require_confidences(options, training.rows);
    require_confidences(options, training.parts);
  });
  return training;
}

GlobalRows global_rows(SparseRows rows) {
  return {std::move(rows.offsets), std::move(rows.columns), std::move(rows.values)};
}

}  // namespace rankwise
