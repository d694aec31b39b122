#include "jobs/als/gather_plan.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "kernels/process/process_memory.hpp"
#include "kernels/text/counted.hpp"
#include "kernels/text/units.hpp"

namespace rankwise {

namespace {

/// The most rows that a node's ranks can need to solve a side of which this rank has `share`. Collective over node.
Index most_needed_rows(const Communicator& node, const SideShare& share, Index opposite_rows) {
  return std::min(node.sum(share.entries), opposite_rows);
}

/// The ranks of each node, where it has room for what they share. Collective.
NodeGroup sharing_ranks(const AlsOptions& options, const GatherCost& cost, const GatherTask& task,
                        JobContext& context) {
  const Communicator& comm = context.comm;
  if (options.node_sharing == NodeSharing::off) return NodeGroup::alone(comm);
  NodeGroup nodes = NodeGroup::of_nodes(comm);
  if (!nodes.map.is_shared()) return nodes;
  const Index rows = most_needed_rows(nodes.comm, task.users, task.all_items) +
                     most_needed_rows(nodes.comm, task.items, task.all_users);
  try {
    agree_on(comm, [&] { require_shared_room(cost.kept(rows)); });
    const SharedMatrix trial(comm, nodes, 1, 1);
  } catch (const AgreedError& error) {
    context.report.line(fmt::format("ranks of a node do not share gathered rows: {}", error.what()));
    context.report.event("node_sharing", {{"nodes", Index{comm.size()}}, {"reason", std::string(error.what())}});
    return NodeGroup::alone(comm);
  }
  context.report.line(fmt::format("ranks of a node share gathered rows: {} on {}", counted(comm.size(), "rank"),
                                  counted(nodes.map.nodes(), "node")));
  context.report.event("node_sharing", {{"nodes", Index{nodes.map.nodes()}}});
  return nodes;
}

/// All at once, by every node's ranks together: limits that allow it, and what that takes of a rank at most.
struct Together {
  GatherLimit users;
  GatherLimit items;
  Index bytes = 0;
};

/// Collective.
Together plan_together(const NodeGroup& nodes, const GatherTask& task, const GatherCost& cost) {
  const auto part = [&](const SideShare& share, Index opposite_rows) {
    return (most_needed_rows(nodes.comm, share, opposite_rows) + nodes.comm.size() - 1) / nodes.comm.size();
  };
  const Index for_users = part(task.users, task.all_items);
  const Index for_items = part(task.items, task.all_users);
  // Nothing is packed where all ranks are on one node.
  const bool sends = nodes.map.nodes() > 1;
  const Index bytes = sends ? cost.whole(for_users + for_items) : cost.kept(for_users + for_items);
  return {{for_users, for_users}, {for_items, for_items}, bytes};
}

}  // namespace

GatherTask gather_task(const TrainingPlan& plan, const EntryCounts& entries, int rank) {
  return {side_share(plan.users, rank, entries.users), side_share(plan.items, rank, entries.items),
          plan.users.rows.rows(), plan.items.rows.rows()};
}

GatherPlan plan_gathering(const AlsOptions& options, const Objective& objective, const GatherTask& task,
                          JobContext& context) {
  const Index program_bytes = resident_bytes();
  // 1. Who shares.
  const SideShare& users = task.users;
  const SideShare& items = task.items;
  const Index width = options.factors + (objective.biases ? 1 : 0);
  const GatherCost cost(width, options.solver.is_exact() && objective.loss == LossKind::implicit_feedback);
  const auto nodes = std::make_shared<const NodeGroup>(sharing_ranks(options, cost, task, context));

  // 2. What the budget leaves of it.
  const Index budget = options.memory_budget_bytes;
  if (budget == 0) return {nodes, {}, {}};
  AlsMemory memory = als_memory(users, items, width, context.common.threads, program_bytes);
  memory.beside = task.beside_bytes;
  Index least =
      memory.total() + least_gather_bytes(cost, users.longest_row) + least_gather_bytes(cost, items.longest_row);
  if (nodes->map.is_shared()) {
    const Together together = plan_together(*nodes, task, cost);
    const Index needed = context.comm.max(memory.total() + together.bytes);
    if (needed <= budget) return {nodes, together.users, together.items};
    least = std::min(context.comm.max(least), needed);
  }
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
  const Index left = budget - memory.total();
  const GatherShares shares = share_gather_bytes(left, cost, users, std::min(users.entries, task.all_items), items,
                                                 std::min(items.entries, task.all_users));
  return {nodes, gather_limit(shares.users, cost, users.longest_row),
          gather_limit(shares.items, cost, items.longest_row)};
}

}  // namespace rankwise
