#include "distributed/itemcf/item_terms.hpp"

#include <algorithm>

#include "distributed/rows/select_rows.hpp"
#include "distributed/threads/team_size.hpp"

namespace rankwise {

namespace {

/// What one look for a weight costs, in multiplications.
constexpr double operations_per_look = 50;

/// Adds the terms of the listed items that the block scores.
void add_terms(const ItemWeightBlocks::Block& block, const SpeakingItems& user, std::span<const Index> listed,
               ListTerms& terms) {
  for (std::size_t place = 0; place < listed.size(); ++place) {
    if (listed[place] < block.items.begin || listed[place] >= block.items.end) continue;
    const auto target = static_cast<LocalIndex>(listed[place] - block.items.begin);
    for (std::size_t i = 0; i < user.items.size(); ++i) {
      const auto begin = block.targets.begin() + block.offsets[at(user.items[i])];
      const auto end = block.targets.begin() + block.offsets[at(user.items[i]) + 1];
      const auto found = std::lower_bound(begin, end, target);
      if (found == end || *found != target) continue;
      const double weight = static_cast<double>(block.weights[static_cast<std::size_t>(found - block.targets.begin())]);
      terms[place].push_back({user.items[i], user.weights[i] * weight});
    }
  }
}

}  // namespace

std::vector<ListTerms> item_terms(const ItemScorer& scorer, const SparseRows& histories, std::span<const Index> rows,
                                  const std::vector<std::vector<Index>>& listed) {
  std::vector<ListTerms> terms;
  double looks = 0;
  for (std::size_t place = 0; place < rows.size(); ++place) {
    terms.emplace_back(listed[place].size());
    looks += static_cast<double>(listed[place].size() * row_columns(histories, rows[place]).size());
  }
  for (Index number = 0; number < scorer.weights.blocks(); ++number) {
    const auto block = scorer.weights.block(number);
#pragma omp parallel for schedule(dynamic, 64) num_threads(team_size(looks* operations_per_look))
    for (std::size_t place = 0; place < rows.size(); ++place) {
      add_terms(*block, speaking_items(histories, rows[place], scorer.weighting), listed[place], terms[place]);
    }
  }
  return terms;
}

}  // namespace rankwise
