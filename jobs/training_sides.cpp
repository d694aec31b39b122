#include "jobs/training_sides.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "distributed/als_memory.hpp"
#include "distributed/order_free_sum.hpp"
#include "jobs/byte_size.hpp"
#include "jobs/process_memory.hpp"

namespace rankwise {

namespace {

SideShare share_of(const DatasetReader& dataset, DatasetPart part, const SidePlan& plan, int rank) {
  const RowRange rows = plan.rows.range(rank);
  std::vector<Index> sizes = dataset.row_sizes(part, rows);
  SideShare share{.rows = rows.size()};
  for (const SharedRow& row : shared_within(plan.shared, rows)) {
    sizes[static_cast<std::size_t>(row.row - rows.begin)] = 0;
    share.part_sums += static_cast<Index>(row.ranks.size());
  }
  for (const SharedPart& shared : parts_of(plan.shared, rank)) {
    sizes.push_back(shared.entries.size());
    ++share.part_sums;
  }
  for (const Index size : sizes) {
    share.entries += size;
    share.longest_row = std::max(share.longest_row, size);
  }
  return share;
}

/// How many rows either side may gather within the budget. Collective.
void limit_gathering(const DatasetReader& dataset, const AlsOptions& options, const Objective& objective, Index width,
                     JobContext& context, TrainingPlan& plan) {
  const Index budget = options.memory_budget_bytes;
  const int rank = context.comm.rank();
  const SideShare users = share_of(dataset, DatasetPart::interactions, plan.users, rank);
  const SideShare items = share_of(dataset, DatasetPart::interactions_by_item, plan.items, rank);
  const GatherCost cost(width, options.solver.is_exact() && objective.loss == LossKind::implicit_feedback);
  const AlsMemory memory = als_memory(users, items, width, context.common.threads, resident_bytes());
  const Index least =
      memory.total() + least_gather_bytes(cost, users.longest_row) + least_gather_bytes(cost, items.longest_row);
  // What the process holds already varies by some pages from run to run.
  constexpr Index mebibyte = Index{1} << 20;
  const Index most_needed = (context.comm.max(least) / mebibyte + 1) * mebibyte;
  if (most_needed > budget) {
    throw AgreedError(
        ExitCode::usage,
        fmt::format("--memory-budget {}: with the fewest rows gathered one rank takes {}; expected at least "
                    "that, or more ranks",
                    bytes_text(static_cast<double>(budget)), bytes_text(static_cast<double>(most_needed))));
  }
  const GatherShares shares =
      share_gather_bytes(budget - memory.total(), cost, users, dataset.items(), items, dataset.users());
  plan.user_limit = gather_limit(shares.users, cost, users.longest_row);
  plan.item_limit = gather_limit(shares.items, cost, items.longest_row);
}

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
  TrainingPlan training{plan(DatasetPart::interactions), plan(DatasetPart::interactions_by_item), {}, {}};
  tell_sharing(context.report, "users", training.users);
  tell_sharing(context.report, "items", training.items);
  if (options.memory_budget_bytes > 0) limit_gathering(dataset, options, objective, width, context, training);
  return training;
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

double mean_rating(const Communicator& comm, const TrainingRows& training) {
  const std::array<std::span<const float>, 2> pieces{training.rows.values, training.parts.values};
  const double sum = order_free_sum(comm, pieces);
  const Index count = comm.sum(training.rows.entries() + training.parts.entries());
  return count > 0 ? sum / static_cast<double>(count) : 0.0;
}

}  // namespace rankwise
