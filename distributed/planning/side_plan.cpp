#include "distributed/planning/side_plan.hpp"

#include <algorithm>

#include "distributed/als/training_side.hpp"
#include "kernels/cost/row_cost.hpp"
#include "kernels/cost/solver_rates.hpp"

namespace rankwise {

namespace {

/// The rows that share_rows wants to know. Collective.
std::vector<LongRow> long_rows(const Communicator& comm, const SidePlan& plan, std::span<const double> costs,
                               std::span<const Index> row_sizes) {
  double fair = 0;
  for (const double cost : costs) fair += cost / static_cast<double>(costs.size());
  const Index first = Partition::by_count(plan.rows.rows(), comm.size()).range(comm.rank()).begin;
  std::vector<LongRow> mine;
  for (std::size_t r = 0; r < row_sizes.size(); ++r) {
    if (!is_shareable(plan.solver, row_sizes[r])) continue;
    const Index row = first + static_cast<Index>(r);
    if (costs[static_cast<std::size_t>(plan.rows.owner(row))] > fair) mine.push_back({row, row_sizes[r]});
  }
  return comm.all_gather_varied(std::span<const LongRow>(mine)).values;
}

}  // namespace

std::vector<double> chunk_costs(std::span<const Index> row_sizes, const Objective& objective, const SolverPlan& solver,
                                Index width) {
  std::vector<double> costs(static_cast<std::size_t>(chunk_count(static_cast<Index>(row_sizes.size()))));
  for (std::size_t r = 0; r < row_sizes.size(); ++r) {
    // Even a row without entries is written and summed.
    costs[r / static_cast<std::size_t>(chunk_rows)] +=
        row_sizes[r] == 0 ? kernels::rotation_seconds(width)
                          : kernels::row_seconds(solver, objective, row_sizes[r], width);
  }
  return costs;
}

std::vector<double> rank_costs(const Partition& partition, std::span<const double> chunk_costs) {
  std::vector<double> costs(static_cast<std::size_t>(partition.parts()));
  for (int part = 0; part < partition.parts(); ++part) {
    const RowRange rows = partition.range(part);
    if (rows.size() == 0) continue;
    for (Index chunk = rows.begin / chunk_rows; chunk < chunk_count(rows.end); ++chunk) {
      costs[static_cast<std::size_t>(part)] += chunk_costs[static_cast<std::size_t>(chunk)];
    }
  }
  return costs;
}

bool is_shareable(const SolverPlan& solver, Index entries) {
  const auto* exact = std::get_if<kernels::ExactRows>(&solver);
  return exact != nullptr && entries >= shareable_entries && entries > exact->longest_dual_row;
}

SidePlan plan_side(const Communicator& comm, const SolverOptions& options, const Objective& objective, Index width,
                   Index rows, Index opposite_rows, std::span<const Index> row_sizes, RowSharing sharing) {
  // 1. The solver, from the sizes of all rows.
  SidePlan plan{plan_solver(comm, options, objective, width, opposite_rows, row_sizes), {}, {}};
  // 2. Whole rows, by what they cost with it.
  const std::vector<double> mine = chunk_costs(row_sizes, objective, plan.solver, width);
  const std::vector<double> chunks = comm.all_gather_varied(std::span<const double>(mine)).values;
  plan.rows = Partition::by_cost(rows, chunks, comm.size()).in_portions(chunks, exchange_portions(comm.size()));
  // 3. Parts of rows, where whole ones are not fair.
  if (sharing == RowSharing::off) return plan;
  const std::vector<double> costs = rank_costs(plan.rows, chunks);
  plan.shared = share_rows(plan.rows, costs, long_rows(comm, plan, costs, row_sizes), kernels::entry_seconds(width));
  return plan;
}

}  // namespace rankwise
