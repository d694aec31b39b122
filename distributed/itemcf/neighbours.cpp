#include "distributed/itemcf/neighbours.hpp"

#include <algorithm>
#include <vector>

#include "distributed/itemcf/common_columns.hpp"
#include "kernels/itemcf/nearest_items.hpp"

namespace rankwise {

namespace {

/// Lists of neighbours as rows.
SparseRows neighbour_rows(RowRange items, Index total, std::vector<std::vector<Neighbour>>& lists) {
  SparseRows rows{.rows = items, .total_rows = total, .column_count = total, .columns = {}, .values = {}};
  std::size_t entries = 0;
  for (const auto& list : lists) entries += list.size();
  rows.columns.reserve(entries);
  rows.values.reserve(entries);
  for (auto& list : lists) {
    for (const Neighbour& neighbour : list) {
      rows.columns.push_back(neighbour.item);
      rows.values.push_back(neighbour.weight);
    }
    rows.offsets.push_back(static_cast<Index>(rows.columns.size()));
    list = {};
  }
  return rows;
}

}  // namespace

std::vector<double> similarity_sizes(SimilarityKind kind, const ItemSums& plain, double plain_quantum,
                                     const ItemSums& weighed, double weighed_quantum) {
  std::vector<double> sizes;
  const bool adds_weights = kind == SimilarityKind::rp3beta;
  const std::vector<std::int64_t>& sums = adds_weights ? plain.weights : weighed.squares;
  const double quantum = adds_weights ? plain_quantum : weighed_quantum * weighed_quantum;
  sizes.reserve(sums.size());
  for (const std::int64_t sum : sums) sizes.push_back(static_cast<double>(sum) * quantum);
  return sizes;
}

SparseRows find_neighbours(const Communicator& comm, const ItemLayout& layout, const PairMatrix& matrix,
                           const SimilaritySettings& similarity, std::span<const double> sizes,
                           const NeighbourRule& rule, Index budget_bytes) {
  std::vector<double> numbered;
  numbered.reserve(sizes.size());
  for (const Index item : layout.item_of) numbered.push_back(sizes[at(item)]);
  const Similarity formula(similarity, numbered);
  const Index most = std::min(rule.most.value_or(layout.count()), std::max<Index>(layout.count(), 1));
  std::vector<NearestItems> nearest(at(counting_threads()), NearestItems(most));
  const std::vector<Index> items = all_items(matrix);
  std::vector<std::vector<Neighbour>> lists(items.size());
  const auto counting =
      rule.least_common_users > 1 ? CommonUsers::Counting::sums_and_users : CommonUsers::Counting::sums;
  const Index least_users = rule.least_common_users > 1 ? rule.least_common_users : 0;
  const auto least = static_cast<float>(rule.least);
  const CountRequest request{.wanted = items, .counting = counting, .budget_bytes = budget_bytes};
  count_common(comm, layout, matrix, request, [&](Index place, CommonUsers& common, int thread) {
    const Index own = layout.number_of[at(matrix.items.begin + place)];
    NearestItems& best = nearest[static_cast<std::size_t>(thread)];
    common.drain([&](Index other, std::int64_t sum, Index users) {
      if (other == own || users < least_users) return;
      const float value = formula.value(other, own, matrix.common(sum));
      if (value > 0 && value >= least) best.offer({static_cast<LocalIndex>(layout.item_of[at(other)]), value});
    });
    const std::span<const Neighbour> taken = best.take();
    lists[at(place)].assign(taken.begin(), taken.end());
  });
  return neighbour_rows(matrix.items, layout.count(), lists);
}

}  // namespace rankwise
