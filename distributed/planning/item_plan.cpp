#include "distributed/planning/item_plan.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <omp.h>

#include "distributed/comm/communicator.hpp"
#include "distributed/itemcf/common_columns.hpp"
#include "distributed/itemcf/dense_ridge.hpp"
#include "distributed/itemcf/entry_weights.hpp"
#include "distributed/itemcf/item_layout.hpp"
#include "distributed/itemcf/neighbourhoods.hpp"
#include "distributed/itemcf/pair_matrix.hpp"
#include "kernels/itemcf/dense_ridge.hpp"
#include "kernels/itemcf/neighbourhood_ridge.hpp"

namespace rankwise {

namespace {

using Clock = std::chrono::steady_clock;

/// Sums of neighbourhoods are read from a thread's second cache and written in order. An estimate, not a measurement.
constexpr double laid_out_pairs_per_second = 0.3e9;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

Index share(Index whole, int ranks) {
  return (whole + ranks - 1) / ranks;
}

/// Of a rank's neighbourhoods.
Index member_bytes(const ItemWork& work, int ranks) {
  return share(Neighbourhoods::bytes(work.weights + work.items) + work.items * Neighbourhoods::bytes(0), ranks);
}

/// What every rank holds of every item while neighbours are chosen: sums of items, their numbers and increments, sizes
/// and their powers; and of ridge weights, which come later, scaling and memberships.
constexpr Index item_bytes = 3 * 8 + (4 + 8 + 8) + 4 * 8;
constexpr Index ridge_item_bytes = 3 * 8 + (4 + 8 + 8) + 5 * 8 + 4 * 8;

/// One thread for the time of a measurement.
class OneThread {
 public:
  OneThread() : before_(omp_get_max_threads()) { omp_set_num_threads(1); }
  ~OneThread() { omp_set_num_threads(before_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

double measure_pairs(const SparseRows& sample, double seconds) {
  const Communicator alone = Communicator::single();
  const WeighedRows weighed = weigh_entries(alone, sample, EntryWeighting::one);
  const ItemSums sums = sum_items(alone, weighed);
  const ItemLayout layout = lay_out_items(alone, weighed.rows, sums.entries);
  const PairMatrix matrix = make_pair_matrix(alone, layout, weighed);
  // Every so many-th item at a time, so that each part is like the whole.
  const Index parts = std::min<Index>(64, std::max<Index>(layout.count(), 1));
  Index pairs = 0;
  const auto begin = Clock::now();
  for (Index part = 0; part == 0 || seconds_since(begin) < seconds; ++part) {
    std::vector<Index> wanted;
    for (Index item = part % parts; item < layout.count(); item += parts) wanted.push_back(item);
    pairs += count_common(alone, layout, matrix, {.wanted = wanted},
                          [](Index, CommonUsers& common, int) { common.drain([](Index, std::int64_t, Index) {}); });
  }
  return static_cast<double>(pairs) / std::max(seconds_since(begin), 1e-9);
}

/// A diagonally dominant system, filled and solved.
double measure_neighbourhoods(Index size, double seconds) {
  NeighbourhoodRidge ridge(size);
  const double flops = std::pow(static_cast<double>(size), 3) / 3 + 2 * std::pow(static_cast<double>(size), 2);
  double solved = 0;
  const auto begin = Clock::now();
  while (solved == 0 || seconds_since(begin) < seconds) {
    for (Index r = 0; r < size; ++r) {
      ridge.gramian(r, r) = static_cast<double>(size);
      ridge.target(r) = 1;
      for (Index c = r + 1; c < size; ++c) ridge.gramian(r, c) = static_cast<double>((r * 7 + c * 3) % 5) / 10;
    }
    solved += ridge.solve(size, 100).empty() ? 0 : flops;
  }
  return solved / std::max(seconds_since(begin), 1e-9);
}

double measure_dense(double seconds) {
  constexpr Index size = 512;
  double factored = 0;
  const auto begin = Clock::now();
  while (factored == 0 || seconds_since(begin) < seconds) {
    std::vector<double> matrix(at(size * size), 0.1);
    for (Index r = 0; r < size; ++r) matrix[at(r * size + r)] = size;
    factored += factor_symmetric(matrix, size) ? std::pow(static_cast<double>(size), 3) / 3 : 1;
  }
  return factored / std::max(seconds_since(begin), 1e-9);
}

}  // namespace

void ItemWorkCount::add(const PatternRows& rows) {
  for (std::size_t r = 0; r + 1 < rows.offsets.size(); ++r) {
    const Index size = rows.offsets[r + 1] - rows.offsets[r];
    longest_ = std::max(longest_, size);
    for (Index e = rows.offsets[r]; e < rows.offsets[r + 1]; ++e) {
      increments_[at(rows.columns[at(e)])] += size;
      ++entries_[at(rows.columns[at(e)])];
    }
  }
}

ItemWork ItemWorkCount::finish(const ItemPlanSettings& settings) const {
  ItemWork work{.users = users_, .items = std::ssize(entries_), .longest_user = longest_};
  work.interactions = std::accumulate(entries_.begin(), entries_.end(), Index{0});
  work.pairs = std::accumulate(increments_.begin(), increments_.end(), Index{0});
  work.used_items = std::ranges::count_if(entries_, [](Index entries) { return entries > 0; });
  for (std::size_t item = 0; item < entries_.size(); ++item) {
    if (entries_[item] == 0) continue;
    Index neighbours = work.used_items - 1;
    if (!settings.is_dense()) {
      const Index met = std::min(increments_[item] - entries_[item], neighbours);
      neighbours = std::min(settings.neighbours.value_or(met), met);
    }
    work.weights += neighbours;
    work.most_neighbours = std::max(work.most_neighbours, neighbours);
    if (settings.is_dense()) continue;
    work.neighbourhood_pairs += pair_count(neighbours + 1);
    const auto size = static_cast<double>(neighbours);
    work.solve_flops += size * size * size / 3 + 2 * size * size;
  }
  const auto all = static_cast<double>(work.used_items);
  if (settings.is_dense()) work.solve_flops = all * all * all / 3;
  return work;
}

Index ridge_batches(const ItemWork& work, const ItemPlanSettings& settings, int ranks) {
  if (settings.weights != PlannedWeights::ridge) return 0;
  if (settings.is_dense()) return 1;
  const Index asked = std::min(share(work.neighbourhood_pairs, ranks), pair_count(work.used_items));
  const Index pair_bytes = (ranks > 1 ? 2 : 1) * static_cast<Index>(sizeof(LocalIndex) + sizeof(std::int64_t));
  const Index members = member_bytes(work, ranks);
  const auto batches = [](Index bytes, Index room) { return (bytes + room - 1) / std::max<Index>(room, 1); };
  return std::max<Index>(
      {1, batches(asked * pair_bytes, settings.budget_bytes / 2), batches(members, settings.budget_bytes / 4)});
}

Index ridge_pairs(const ItemWork& work, const ItemPlanSettings& settings, int ranks) {
  if (settings.is_dense()) return work.pairs;
  return ridge_batches(work, settings, ranks) * ((work.pairs - work.interactions) / 2);
}

Index item_rank_bytes(const ItemWork& work, const ItemPlanSettings& settings, int ranks, int threads) {
  const bool is_weighted = settings.entries == EntryWeights::integers;
  const Index packed = is_weighted ? 8 : 4;
  const Index entries = share(work.interactions, ranks);
  const Index weights = share(work.weights, ranks);
  // This rank's rows; packed, they are transposed, for which entries are laid out several times; then users' items and
  // items' users are left.
  const Index rows = entries * 12 + share(work.users, ranks) * 8;
  const Index transposing = rows + entries * (packed + (ranks > 1 ? 40 : 24));
  const Index matrix = entries * 2 * packed + std::min(work.users, entries) * 20;
  const Index fetched = ranks > 1 ? std::min(settings.budget_bytes, work.interactions * packed) : 0;
  const Index counters = threads * CommonUsers::bytes(work.items, settings.entries, CommonUsers::Counting::sums);
  const Index counting = matrix + fetched + counters;
  const Index model = weights * 12 + share(work.items, ranks) * 8;
  const Index lists = weights * static_cast<Index>(sizeof(LocalIndex) + sizeof(float)) + share(work.items, ranks) * 24;
  if (settings.is_dense()) {
    return work.items * item_bytes + std::max(transposing, counting + dense_ridge_bytes(work.used_items));
  }
  const Index choosing = work.items * item_bytes + std::max(transposing, counting + lists + model);
  if (settings.weights == PlannedWeights::similarity) return choosing;
  const Index sums =
      std::min(settings.budget_bytes, share(work.neighbourhood_pairs, ranks) * (8 + 12) + member_bytes(work, ranks));
  const Index systems = threads * NeighbourhoodRidge::bytes(work.most_neighbours);
  const Index regressing =
      work.items * (ridge_item_bytes + threads * 12) + model + std::max(transposing, counting + sums + systems);
  return std::max(choosing + rows, regressing);  // rows stay for the ridge
}

Index least_budget_bytes(const ItemWork& work, const ItemPlanSettings& settings, int threads) {
  const Index packed = settings.entries == EntryWeights::integers ? 8 : 4;
  const Index row = work.longest_user * packed + 8;
  if (settings.is_dense()) return std::max(row, dense_ridge_bytes(work.items));
  if (settings.weights == PlannedWeights::similarity) return row;
  // Four times the sums of one neighbourhood, which have a quarter.
  return std::max(
      {row, 4 * 8 * pair_count(work.most_neighbours + 1),
       threads * NeighbourhoodRidge::bytes(std::min(settings.neighbours.value_or(work.items), work.items))});
}

ItemRates measure_item_rates(const SparseRows& sample, const ItemWork& work, const ItemPlanSettings& settings,
                             double seconds) {
  const OneThread alone;
  ItemRates rates{measure_pairs(sample, seconds / 2), laid_out_pairs_per_second, 0};
  if (settings.is_dense()) {
    rates.flops_per_second = measure_dense(seconds / 2);
  } else if (settings.weights == PlannedWeights::ridge) {
    rates.flops_per_second = measure_neighbourhoods(std::max<Index>(work.most_neighbours, 1), seconds / 2);
  }
  return rates;
}

ItemSeconds item_seconds(const ItemWork& work, const ItemPlanSettings& settings, const ItemRates& rates, int ranks,
                         int threads) {
  const double cores = static_cast<double>(ranks) * threads;
  ItemSeconds seconds;
  if (!settings.is_dense()) seconds.count = static_cast<double>(work.pairs) / rates.pairs_per_second / cores;
  if (settings.weights == PlannedWeights::similarity) return seconds;
  seconds.ridge = static_cast<double>(ridge_pairs(work, settings, ranks)) / rates.pairs_per_second / cores;
  if (settings.is_dense()) {
    // Each rank factors; each item's weights are two substitutions in its own rank.
    const double all = static_cast<double>(work.used_items);
    seconds.ridge += work.solve_flops / rates.flops_per_second / threads;
    seconds.ridge += 2 * all * all * all / rates.flops_per_second / cores;
    return seconds;
  }
  seconds.ridge += static_cast<double>(work.neighbourhood_pairs) / rates.neighbourhood_pairs_per_second / cores;
  seconds.ridge += work.solve_flops / rates.flops_per_second / cores;
  return seconds;
}

}  // namespace rankwise
