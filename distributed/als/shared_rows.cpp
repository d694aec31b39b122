#include "distributed/als/shared_rows.hpp"

#include <algorithm>
#include <functional>
#include <numeric>

#include "kernels/als/solve_rows.hpp"

namespace rankwise {

namespace {

constexpr double balanced = 1.05;  ///< largest over mean cost
constexpr double filled = 1.03;    ///< what is aimed at where that is exceeded

/// Ranks that have less than the fair share, to be filled one after the other.
class Takers {
 public:
  Takers(std::span<double> costs, double most) : costs_(costs), most_(most), ranks_(costs.size()) {
    std::iota(ranks_.begin(), ranks_.end(), 0);
    std::ranges::stable_sort(ranks_, {}, [&](int rank) { return costs[static_cast<std::size_t>(rank)]; });
  }

  /// Gives `cost` to the rank that is being filled or, where all are full, to that of the least cost if it stays below
  /// what the giver has; returns it, or -1.
  int take(double cost, double giver_cost) {
    while (next_ < ranks_.size() && cost_of(ranks_[next_]) + cost > most_) ++next_;
    int taker = next_ < ranks_.size() ? ranks_[next_] : -1;
    if (taker < 0) {
      const auto least = std::ranges::min_element(costs_);
      if (*least + cost < giver_cost) taker = static_cast<int>(least - costs_.begin());
    }
    if (taker >= 0) cost_of(taker) += cost;
    return taker;
  }

 private:
  double& cost_of(int rank) { return costs_[static_cast<std::size_t>(rank)]; }
  std::span<double> costs_;
  double most_;
  std::vector<int> ranks_;  // by ascending cost
  std::size_t next_ = 0;
};

}  // namespace

std::vector<SharedRow> share_rows(const Partition& partition, std::span<const double> rank_costs,
                                  std::span<const LongRow> long_rows, double entry_seconds) {
  const double fair =
      std::accumulate(rank_costs.begin(), rank_costs.end(), 0.0) / static_cast<double>(rank_costs.size());
  const double most = filled * fair;
  std::vector<double> costs(rank_costs.begin(), rank_costs.end());
  std::vector<SharedRow> shared;
  if (fair == 0 || *std::ranges::max_element(costs) <= balanced * fair) return shared;
  Takers takers(costs, most);
  for (int giver = 0; giver < partition.parts(); ++giver) {
    double& cost = costs[static_cast<std::size_t>(giver)];
    if (cost <= most) continue;
    // 1. Its rows, longest first.
    const RowRange own = partition.range(giver);
    const auto first = std::ranges::lower_bound(long_rows, own.begin, {}, &LongRow::row);
    const auto last = std::ranges::lower_bound(long_rows, own.end, {}, &LongRow::row);
    std::vector<LongRow> rows(first, last);
    std::ranges::stable_sort(rows, std::greater(), &LongRow::entries);
    // 2. Their parts, until what is left is fair.
    bool room = true;
    for (const LongRow& row : rows) {
      if (cost <= most || !room) break;
      SharedRow split{row.row, row.entries, std::vector<int>(at(kernels::part_count(row.entries)), giver)};
      bool is_shared = false;
      for (std::size_t part = 0; part < split.ranks.size() && cost > most && room; ++part) {
        const Index entries = kernels::part_range(row.entries, static_cast<Index>(part)).size();
        const double seconds = static_cast<double>(entries) * entry_seconds;
        const int taker = takers.take(seconds, cost);
        room = taker >= 0;
        if (!room) break;
        split.ranks[part] = taker;
        cost -= seconds;
        is_shared = true;
      }
      if (is_shared) shared.push_back(std::move(split));
    }
  }
  std::ranges::sort(shared, {}, &SharedRow::row);
  return shared;
}

std::vector<SharedPart> parts_of(std::span<const SharedRow> shared, int rank) {
  std::vector<SharedPart> parts;
  for (const SharedRow& row : shared) {
    for (std::size_t part = 0; part < row.ranks.size(); ++part) {
      const auto number = static_cast<Index>(part);
      if (row.ranks[part] == rank) parts.push_back({row.row, number, kernels::part_range(row.entries, number)});
    }
  }
  return parts;
}

std::span<const SharedRow> shared_within(std::span<const SharedRow> shared, RowRange rows) {
  const auto first = std::ranges::lower_bound(shared, rows.begin, {}, &SharedRow::row);
  const auto last = std::ranges::lower_bound(shared, rows.end, {}, &SharedRow::row);
  return {first, last};
}

}  // namespace rankwise
