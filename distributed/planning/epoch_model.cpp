#include "distributed/planning/epoch_model.hpp"

#include <algorithm>
#include <bit>

#include "distributed/als/heavy_rows.hpp"
#include "distributed/als/training_side.hpp"
#include "distributed/planning/number_bytes.hpp"
#include "kernels/als/row_workspace.hpp"
#include "kernels/als/solve_rows.hpp"
#include "kernels/base/matrix.hpp"
#include "kernels/cost/solver_rates.hpp"

namespace rankwise {

namespace {

constexpr double copy_bytes_per_second = 10e9;  ///< of rows packed and placed by one thread

/// Rows are rotated into the eigenbasis of the other side's Gramian: beside the gathered ones, or in their place.
enum class Rotation { none, beside, in_place };

Rotation rotation_of(const SolverPlan& method, const Objective& objective) {
  if (objective.loss == LossKind::explicit_feedback) return Rotation::none;
  if (std::holds_alternative<kernels::ConjugateGradients>(method)) return Rotation::in_place;
  const auto* exact = std::get_if<kernels::ExactRows>(&method);
  return exact != nullptr && exact->longest_dual_row > 0 ? Rotation::beside : Rotation::none;
}

/// Half-sweeps end with reductions: the Gramian's integers, and some numbers.
double reduction_seconds(const AlsCosts& costs, const NetworkRate& network, int ranks) {
  if (ranks == 1) return 0;
  constexpr int small_reductions = 8;
  const auto rounds = static_cast<double>(std::bit_width(static_cast<unsigned>(ranks - 1)));
  const auto padded = static_cast<double>(padded_columns(costs.width));
  const bool gramian = costs.objective.loss == LossKind::implicit_feedback;
  const double bytes = gramian ? 2 * padded * padded * static_cast<double>(index_bytes) : 0;
  return (small_reductions + 2) * rounds * network.latency_seconds + bytes / network.bytes_per_second;
}

/// Seconds in which each rank solves its rows, with what that takes beside.
std::vector<double> compute_seconds(std::span<const RankShare> shares, const SolverPlan& method, double ratio,
                                    const AlsCosts& costs, int threads) {
  const Rotation rotation = rotation_of(method, costs.objective);
  const bool gramian = costs.objective.loss == LossKind::implicit_feedback;
  std::vector<double> seconds;
  for (const RankShare& share : shares) {
    double shared = share.solve_seconds;
    double alone = 0;
    if (rotation != Rotation::none) {
      shared += static_cast<double>(share.gathered_rows()) * kernels::rotation_seconds(costs.width);
      alone += kernels::eigenbasis_seconds(costs.width);
    }
    if (gramian) shared += static_cast<double>(share.rows.size()) * kernels::entry_seconds(costs.width);
    seconds.push_back(ratio * (shared / threads + alone));
  }
  return seconds;
}

/// `before`: of the half-sweep that solves the rows that this one gathers.
HalfSweepCost predict_half_sweep(std::span<const RankShare> shares, std::span<const double> compute,
                                 std::span<const double> before, const AlsCosts& costs, const NetworkRate& network) {
  const auto row_copy_bytes = static_cast<double>(row_bytes(costs.width));
  const Index travel_row_bytes = costs.travel_row_bytes();
  const double reductions = reduction_seconds(costs, network, static_cast<int>(shares.size()));
  const auto portions = static_cast<double>(exchange_portions(static_cast<int>(shares.size())));
  HalfSweepCost cost;
  for (std::size_t rank = 0; rank < shares.size(); ++rank) {
    const RankShare& share = shares[rank];
    const double copied = static_cast<double>(share.own_rows + share.sent_rows) * row_copy_bytes;
    const double messages = static_cast<double>(share.senders + share.receivers) * portions;
    const Index most_bytes = std::max(share.bytes_sent(travel_row_bytes), share.received_rows * travel_row_bytes);
    const double on_the_way =
        messages * network.latency_seconds + static_cast<double>(most_bytes) / network.bytes_per_second;
    const double beside = copied / copy_bytes_per_second + reductions;
    const double cover = network.overlap * before[rank] * (portions - 1) / portions;
    const double seen = std::max(on_the_way - cover, network.overlap > 0 ? on_the_way / portions : on_the_way);
    cost.max_compute_seconds = std::max(cost.max_compute_seconds, compute[rank]);
    cost.mean_compute_seconds += compute[rank] / static_cast<double>(shares.size());
    cost.max_transfer_seconds = std::max(cost.max_transfer_seconds, on_the_way + beside);
    cost.seconds = std::max(cost.seconds, compute[rank] + seen + beside);
  }
  return cost;
}

/// Sums of heavy rows' parts, or what rows that take conjugate gradient steps together keep.
Index long_row_bytes(const SolverPlan& method, const RankShare& share, Index width, int threads) {
  const Index padded = padded_columns(width);
  if (std::holds_alternative<kernels::ExactRows>(method)) {
    const Index most_at_once = std::max(most_parts_at_once(width, threads), kernels::part_count(share.longest_row));
    const Index parts = std::min(share.heavy_parts, most_at_once) + share.part_sums;
    return parts * (padded + 1) * padded * float_bytes;
  }
  if (!std::holds_alternative<kernels::ConjugateGradients>(method)) return 0;
  constexpr Index vectors = 4 * 256;
  const Index group_entries = std::max(share.longest_row, share.entries / (8 * threads));
  return threads * (vectors * padded + 3 * group_entries) * float_bytes;
}

/// What an array takes: from 4 MiB on whole huge pages (kernels/base/large_allocation.cpp).
Index held(Index bytes) {
  constexpr Index huge_page = Index{2} << 20;
  return bytes < 2 * huge_page ? bytes : (bytes + huge_page - 1) / huge_page * huge_page;
}

/// The final form of one side's share: columns and values, offsets, the plan of its exchange.
Index block_bytes(const RankShare& share) {
  return 2 * held(share.entries * float_bytes) + held((share.rows.size() + 1) * index_bytes) +
         held((share.sent_rows + share.own_rows) * float_bytes);
}

/// What a side takes more while it is read: columns as they are in the file, and what finds the needed rows.
Index reading_bytes(const RankShare& share, Index opposite_rows) {
  return held(share.entries * index_bytes) + held(opposite_rows / 4) + held(share.needed_rows * index_bytes);
}

/// This rank's part of what its node gathers.
Index gathered_bytes(const RankShare& share, const SolverPlan& method, const Objective& objective, Index bytes) {
  return held(share.gathered_rows() * bytes) * (rotation_of(method, objective) == Rotation::beside ? 2 : 1);
}

/// Factors and losses (three sums, and the terms of one on their way).
Index own_row_bytes(const RankShare& share, Index bytes) {
  constexpr Index loss_bytes = 3 * index_bytes;
  const Index rows = share.rows.size();
  return held(rows * bytes) + held(rows * loss_bytes) + held(rows * index_bytes);
}

}  // namespace

Index row_bytes(Index width) {
  return padded_columns(width) * float_bytes;
}

EpochCost predict_epoch(const LayoutPlan& layout, const AlsCosts& costs, const MachineRatio& ratio,
                        const NetworkRate& network, int threads) {
  const auto users = compute_seconds(layout.user_sweep(), costs.user_method, ratio.users, costs, threads);
  const auto items = compute_seconds(layout.item_sweep(), costs.item_method, ratio.items, costs, threads);
  return {predict_half_sweep(layout.user_sweep(), users, items, costs, network),
          predict_half_sweep(layout.item_sweep(), items, users, costs, network)};
}

Index rank_memory_bytes(const LayoutPlan& layout, const AlsCosts& costs, int rank, int threads) {
  const RankShare& users = layout.user_sweep()[static_cast<std::size_t>(rank)];
  const RankShare& items = layout.item_sweep()[static_cast<std::size_t>(rank)];
  const Index bytes = row_bytes(costs.width);
  const Index padded = padded_columns(costs.width);
  const Index blocks = block_bytes(users) + block_bytes(items);
  const Index chunks = chunk_count(layout.user_rows().rows()) + chunk_count(layout.item_rows().rows());
  const Index partitions = 2 * (layout.ranks() + 1) * index_bytes + chunks * 2 * index_bytes;

  // Users are read first, and are in their final form when items are.
  const Index reading = partitions + std::max(block_bytes(users) + reading_bytes(users, layout.item_rows().rows()),
                                              blocks + reading_bytes(items, layout.user_rows().rows()));

  // Per thread: a workspace, and sums of the Gramian; per rank: the Gramians, one eigenbasis in the making.
  const Index squares = padded * padded * (threads * index_bytes + 2 * float_bytes + 2 * float_bytes + 4 * index_bytes);
  const Index sweeping = blocks + own_row_bytes(users, bytes) + own_row_bytes(items, bytes) +
                         gathered_bytes(users, costs.user_method, costs.objective, bytes) +
                         gathered_bytes(items, costs.item_method, costs.objective, bytes) +
                         held(std::max(users.sent_rows, items.sent_rows) * costs.travel_row_bytes()) +
                         threads * kernels::RowWorkspace::bytes(costs.width) + squares +
                         std::max(long_row_bytes(costs.user_method, users, costs.width, threads),
                                  long_row_bytes(costs.item_method, items, costs.width, threads));
  return std::max(reading, sweeping);
}

}  // namespace rankwise
