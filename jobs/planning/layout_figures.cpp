#include "jobs/planning/layout_figures.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>

#include "io/config/json_text.hpp"
#include "kernels/text/units.hpp"

namespace rankwise {

namespace {

/// Ranks of one node pass rows through its memory, at about this rate each (measured, Open MPI 4.1).
constexpr NetworkRate within_node{.latency_seconds = 0.5e-6, .bytes_per_second = 1.5e9};
/// 0.45 to 0.65 on links of 100 Mbit/s to 1 Gbit/s (docs/PERFORMANCE.md, "Spread over ranks").
constexpr double overlap_between_nodes = 0.6;
/// Beside the epochs: starting, and files at what any shared file system gives.
constexpr double startup_seconds = 300;
constexpr double file_bytes_per_second = 200e6;
constexpr double mebibyte = 1 << 20;
/// What MPI keeps for each rank that a rank speaks to: shared memory on the same node, buffers of messages elsewhere.
constexpr double bytes_per_neighbour = 1 << 20;
constexpr double bytes_per_peer = 64 << 10;

SweepFigures sweep_figures(std::span<const RankShare> shares, const SideWork& work, const AlsCosts& costs,
                           const HalfSweepCost& cost) {
  const Index bytes = costs.travel_row_bytes();
  SweepFigures figures;
  figures.flops = over_ranks(shares, [](const RankShare& share) { return share.flops; });
  figures.bytes_sent = over_ranks(shares, [bytes](const RankShare& share) { return share.bytes_sent(bytes); });
  figures.bytes_received = over_ranks(shares, [bytes](const RankShare& share) { return share.received_rows * bytes; });
  figures.min_bytes_sent = std::numeric_limits<Index>::max();
  for (const RankShare& share : shares) {
    figures.min_bytes_sent = std::min(figures.min_bytes_sent, share.bytes_sent(bytes));
    figures.total_bytes_sent += share.bytes_sent(bytes);
    figures.lower_bound_bytes += share.received_rows * travel_bytes(costs.row_format, costs.width);
  }
  figures.imbalance = imbalance(shares, &RankShare::solve_seconds);
  const double all_cost = std::accumulate(work.solve_seconds.begin(), work.solve_seconds.end(), 0.0);
  if (all_cost > 0) {
    const double per_cost = static_cast<double>(shares.size()) / all_cost;
    figures.heaviest_row_share = work.heaviest_row_seconds * per_cost;
    figures.heaviest_chunk_share = *std::ranges::max_element(work.solve_seconds) * per_cost;
  }
  figures.cost = cost;
  return figures;
}

std::string layout_name(const LayoutFigures& layout) {
  return fmt::format("{} rank{} x {} thread{}", layout.ranks, layout.ranks == 1 ? "" : "s", layout.threads_per_rank,
                     layout.threads_per_rank == 1 ? "" : "s");
}

}  // namespace

NodeCount count_nodes(int ranks, int threads_per_rank, int cores_per_node) {
  const int most_per_node = std::max(1, cores_per_node / threads_per_rank);
  const int nodes = (ranks + most_per_node - 1) / most_per_node;
  return {nodes, (ranks + nodes - 1) / nodes};
}

LayoutFigures layout_figures(const PlannedRun& run, const SideWork& users, const SideWork& items,
                             const LayoutPlan& layout, int threads) {
  const PlanOptions& options = run.options;
  LayoutFigures figures;
  figures.ranks = layout.ranks();
  figures.threads_per_rank = threads;
  // 1. Ranks on nodes, and the network that each has for itself.
  const NodeCount nodes = count_nodes(figures.ranks, threads, run.cores_per_node);
  figures.nodes = nodes.nodes;
  figures.ranks_per_node = nodes.ranks_per_node;
  NetworkRate network = within_node;
  if (figures.nodes > 1) {
    network = options.network;
    network.overlap = overlap_between_nodes;
    network.bytes_per_second /= static_cast<double>(figures.ranks_per_node);
  }
  // 2. Seconds and traffic.
  const EpochCost epoch = predict_epoch(layout, run.costs, run.ratio, network, threads);
  figures.users = sweep_figures(layout.user_sweep(), users, run.costs, epoch.users);
  figures.items = sweep_figures(layout.item_sweep(), items, run.costs, epoch.items);
  double largest_costs = 0;
  double mean_costs = 0;
  for (const auto* sweep : {&layout.user_sweep(), &layout.item_sweep()}) {
    const OverRanks cost = over_ranks(*sweep, [](const RankShare& share) { return share.solve_seconds; });
    largest_costs += cost.max;
    mean_costs += cost.mean;
  }
  figures.imbalance = mean_costs > 0 ? largest_costs / mean_costs : 1;
  figures.epoch_seconds = epoch.seconds();
  figures.run_seconds = epoch.seconds() * static_cast<double>(options.als.epochs);
  figures.core_hours = figures.run_seconds * figures.cores() / 3600;
  figures.efficiency =
      figures.epoch_seconds > 0 ? run.one_core_epoch_seconds / (figures.epoch_seconds * figures.cores()) : 1;
  // 3. Memory.
  for (int rank = 0; rank < figures.ranks; ++rank) {
    const RankShare& share = layout.user_sweep()[static_cast<std::size_t>(rank)];
    const Index peers = std::min<Index>(figures.ranks - 1, share.senders + share.receivers);
    const Index neighbours = std::min(peers, figures.ranks_per_node - 1);
    const double bytes = run.base_memory_bytes + bytes_per_neighbour * static_cast<double>(neighbours) +
                         bytes_per_peer * static_cast<double>(peers - neighbours) +
                         static_cast<double>(rank_memory_bytes(layout, run.costs, rank, threads));
    figures.memory_bytes.max = std::max(figures.memory_bytes.max, bytes);
    figures.memory_bytes.mean += bytes / figures.ranks;
  }
  // 4. What to ask of Slurm: whole minutes and mebibytes.
  const double node_bytes = figures.memory_bytes.max * static_cast<double>(figures.ranks_per_node);
  figures.memory_mebibytes_per_node = static_cast<Index>(std::ceil(options.memory_safety * node_bytes / mebibyte));
  const double seconds =
      startup_seconds + run.file_bytes / file_bytes_per_second + options.safety * figures.run_seconds;
  figures.time_limit_seconds = 60 * static_cast<Index>(std::ceil(seconds / 60));
  return figures;
}

Recommendation recommend_layout(const PlanOptions& options, std::span<const LayoutFigures> layouts) {
  constexpr double tie = 1.01;
  const auto fits = [&options](const LayoutFigures& layout) {
    return (options.memory_per_rank_bytes == 0 ||
            options.memory_safety * layout.memory_bytes.max <= static_cast<double>(options.memory_per_rank_bytes)) &&
           (!options.time_limit_seconds ||
            static_cast<double>(layout.time_limit_seconds) <= *options.time_limit_seconds);
  };
  const std::string limits =
      std::string(options.memory_per_rank_bytes > 0 ? " that fit --memory-per-rank" : "") +
      (options.time_limit_seconds ? (options.memory_per_rank_bytes > 0 ? " and --time-limit" : " that fit --time-limit")
                                  : "");
  if (layouts.size() == 1) {
    if (fits(layouts.front())) return {0, "the only layout"};
    return {std::nullopt, "the only layout does not fit --memory-per-rank or --time-limit"};
  }
  std::optional<std::size_t> best;
  const auto value = [&options](const LayoutFigures& layout) {
    return options.time_limit_seconds ? layout.core_hours : layout.run_seconds;
  };
  const auto is_better = [&](const LayoutFigures& a, const LayoutFigures& b) {
    if (a.cores() < b.cores()) return value(a) <= tie * value(b);
    return value(a) * tie < value(b);
  };
  bool any_fits = false;
  for (std::size_t l = 0; l < layouts.size(); ++l) {
    if (!fits(layouts[l])) continue;
    any_fits = true;
    if (layouts[l].efficiency < options.least_efficiency) continue;
    if (!best || is_better(layouts[l], layouts[*best])) best = l;
  }
  const std::string rule = fmt::format("{} of the layouts{} with an efficiency of at least {}",
                                       options.time_limit_seconds ? "the fewest core-hours" : "the fastest", limits,
                                       options.least_efficiency);
  if (best) return {best, rule};
  if (!any_fits) return {std::nullopt, fmt::format("there are no layouts{}; list others", limits)};
  return {std::nullopt, fmt::format("no layout{} reaches an efficiency of {} (--min-efficiency); list others", limits,
                                    options.least_efficiency)};
}

namespace {

/// What keeps a side from balance, where something does.
std::string limit_of_balance(const LayoutFigures& layout, const char* side, const SweepFigures& sweep) {
  constexpr double balanced = 1.05;
  if (sweep.imbalance <= balanced) return "";
  const bool by_row = sweep.heaviest_row_share > balanced;
  return fmt::format("{} ranks: imbalance {:.2f} over {}: the costliest {} is {:.2f} of a rank's fair share\n",
                     layout.ranks, sweep.imbalance, side, by_row ? "row" : "chunk of 64 rows",
                     by_row ? sweep.heaviest_row_share : sweep.heaviest_chunk_share);
}

}  // namespace

std::string layout_table(std::span<const LayoutFigures> layouts, const Recommendation& recommended) {
  std::string table =
      fmt::format("  {:>6} {:>7} {:>6} {:>11} {:>11} {:>9} {:>10} {:>10} {:>10} {:>10} {:>10} {:>11} {:>8}\n", "ranks",
                  "threads", "nodes", "memory max", "mean", "imbalance", "compute s", "transfer s", "epoch s",
                  "efficiency", "sent max", "over least", "core-h");
  for (std::size_t l = 0; l < layouts.size(); ++l) {
    const LayoutFigures& layout = layouts[l];
    const SweepFigures& users = layout.users;
    const SweepFigures& items = layout.items;
    const Index least = users.lower_bound_bytes + items.lower_bound_bytes;
    const double over =
        least > 0 ? static_cast<double>(users.total_bytes_sent + items.total_bytes_sent) / static_cast<double>(least)
                  : 1.0;
    table += fmt::format(
        "{} {:>6} {:>7} {:>6} {:>11} {:>11} {:>9.3f} {:>10.4g} {:>10.4g} {:>10.4g} {:>9.0f}% {:>10} {:>11.3f} "
        "{:>8.3g}\n",
        recommended.layout == l ? '*' : ' ', layout.ranks, layout.threads_per_rank, layout.nodes,
        bytes_text(layout.memory_bytes.max), bytes_text(layout.memory_bytes.mean), layout.imbalance,
        users.cost.max_compute_seconds + items.cost.max_compute_seconds,
        users.cost.max_transfer_seconds + items.cost.max_transfer_seconds, layout.epoch_seconds,
        100 * layout.efficiency, bytes_text(users.bytes_sent.max + items.bytes_sent.max), over, layout.core_hours);
  }
  for (const LayoutFigures& layout : layouts) {
    if (&layout != &layouts.front() && layout.ranks == (&layout - 1)->ranks) continue;  // said already
    table += limit_of_balance(layout, "users", layout.users) + limit_of_balance(layout, "items", layout.items);
  }
  if (!recommended.layout) return table + fmt::format("recommended: none; {}\n", recommended.reason);
  const LayoutFigures& best = layouts[*recommended.layout];
  return table + fmt::format("recommended: {} on {} node{}: {}\n", layout_name(best), best.nodes,
                             best.nodes == 1 ? "" : "s", recommended.reason);
}

namespace {

using Json = nlohmann::ordered_json;

Json json_of(const OverRanks& values) {
  return {{"max", values.max}, {"mean", values.mean}};
}

Json json_of(const SweepFigures& sweep) {
  return {{"flops", json_of(sweep.flops)},
          {"bytes_sent",
           {{"min", sweep.min_bytes_sent},
            {"mean", sweep.bytes_sent.mean},
            {"max", static_cast<Index>(sweep.bytes_sent.max)},
            {"total", sweep.total_bytes_sent}}},
          {"bytes_received", json_of(sweep.bytes_received)},
          {"lower_bound_bytes", sweep.lower_bound_bytes},
          {"imbalance", sweep.imbalance},
          {"heaviest_row_share", sweep.heaviest_row_share},
          {"heaviest_chunk_share", sweep.heaviest_chunk_share},
          {"compute_seconds", {{"max", sweep.cost.max_compute_seconds}, {"mean", sweep.cost.mean_compute_seconds}}},
          {"transfer_seconds", {{"max", sweep.cost.max_transfer_seconds}}},
          {"seconds", sweep.cost.seconds}};
}

Json json_of(const LayoutFigures& layout) {
  return {{"ranks", layout.ranks},
          {"threads_per_rank", layout.threads_per_rank},
          {"nodes", layout.nodes},
          {"ranks_per_node", layout.ranks_per_node},
          {"memory_bytes", json_of(layout.memory_bytes)},
          {"imbalance", layout.imbalance},
          {"epoch_seconds", layout.epoch_seconds},
          {"run_seconds", layout.run_seconds},
          {"core_hours", layout.core_hours},
          {"efficiency", layout.efficiency},
          {"half_sweeps", {{"users", json_of(layout.users)}, {"items", json_of(layout.items)}}},
          {"sbatch",
           {{"memory_mebibytes_per_node", layout.memory_mebibytes_per_node},
            {"time_limit_seconds", layout.time_limit_seconds}}}};
}

}  // namespace

std::string layouts_json(const PlannedRun& run, Index users, Index items, Index interactions,
                         std::span<const LayoutFigures> layouts, const Recommendation& recommended) {
  Json json;
  json["dataset"] = {{"users", users}, {"items", items}, {"interactions", interactions}};
  json["factors"] = run.options.als.factors;
  json["epochs"] = run.options.als.epochs;
  json["row_floats"] = run.costs.width;
  json["row_bytes"] = run.costs.travel_row_bytes();
  json["rate_ratio"] = {{"users", run.ratio.users}, {"items", run.ratio.items}};
  json["one_core_epoch_seconds"] = run.one_core_epoch_seconds;
  json["network"] = {{"latency_seconds", run.options.network.latency_seconds},
                     {"bytes_per_second", run.options.network.bytes_per_second}};
  json["cores_per_node"] = run.cores_per_node;
  json["node_sharing"] = run.options.als.node_sharing == NodeSharing::off ? "off" : "auto";
  json["base_memory_bytes"] = run.base_memory_bytes;
  json["layouts"] = Json::array();
  for (const LayoutFigures& layout : layouts) json["layouts"].push_back(json_of(layout));
  json["recommended"] = {{"layout", nullptr}, {"reason", recommended.reason}};
  if (recommended.layout) json["recommended"]["layout"] = *recommended.layout;
  return json_text(json, 2) + "\n";
}

}  // namespace rankwise
