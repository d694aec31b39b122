#include "distributed/itemcf/dense_ridge.hpp"

#include <vector>

#include "distributed/itemcf/common_columns.hpp"
#include "distributed/threads/team_size.hpp"
#include "kernels/base/error.hpp"
#include "kernels/itemcf/dense_ridge.hpp"

namespace rankwise {

namespace {

/// The whole Gramian, items with users alone, in the order of items; with the penalty. Collective.
std::vector<double> whole_gramian(const Communicator& comm, const ItemLayout& layout, const PairMatrix& matrix,
                                  std::span<const Index> used, const RidgeScaling& scaling,
                                  const RidgeSettings& settings, Index budget_bytes) {
  const Index size = std::ssize(used);
  std::vector<Index> wanted;
  for (const Index item : used) {
    if (matrix.items.contains(item)) wanted.push_back(item - matrix.items.begin);
  }
  std::vector<double> mine(wanted.size() * at(size));
  count_common(comm, layout, matrix, {.wanted = wanted, .budget_bytes = budget_bytes},
               [&](Index place, CommonUsers& common, int) {
                 const Index item = matrix.items.begin + wanted[at(place)];
                 double* row = mine.data() + place * size;
                 for (Index c = 0; c < size; ++c) {
                   const Index other = used[at(c)];
                   const double sum = matrix.common(common.sum(layout.number_of[at(other)]));
                   // Symmetric to the bit, since the lower item always comes first.
                   row[c] = item < other ? scaling.element(item, other, sum) : scaling.element(other, item, sum);
                   if (other == item) row[c] = scaling.diagonal(item) + settings.penalty;
                 }
                 common.drain([](Index, std::int64_t, Index) {});
               });
  if (comm.size() == 1) return mine;
  return comm.all_gather_varied(std::span<const double>(mine)).values;
}

bool factor_by_threads(std::span<double> gramian, Index size) {
  for (Index begin = 0; begin < size; begin += ridge_panel_rows) {
    const RowRange panel{begin, std::min(begin + ridge_panel_rows, size)};
    if (!finish_panel(gramian, size, panel)) return false;
    const auto rows = static_cast<double>(size - panel.end);
#pragma omp parallel for schedule(dynamic, 8) num_threads(team_size(rows* rows* static_cast <double>(panel.size()) / 2))
    for (Index row = panel.end; row < size; ++row) take_panel_off(gramian, size, panel, row);
  }
  return true;
}

}  // namespace

Index dense_ridge_bytes(Index items) {
  // The Gramian, what is received of it, and the weights with their columns, twice while they are written. Of more
  // items than that the product is beyond 64 bits, and the memory of any machine.
  constexpr Index pair_bytes = 2 * sizeof(double) + 2 * (sizeof(float) + sizeof(Index));
  constexpr Index most_items = 400'000'000;
  const Index counted = std::min(items, most_items);
  return counted * counted * pair_bytes;
}

RidgeWeights dense_ridge(const Communicator& comm, const ItemLayout& layout, const PairMatrix& matrix,
                         const ItemSums& sums, const RidgeScaling& scaling, const RidgeSettings& settings,
                         Index budget_bytes) {
  std::vector<Index> used;
  for (Index item = 0; item < layout.count(); ++item) {
    if (sums.entries[at(item)] > 0) used.push_back(item);
  }
  const Index size = std::ssize(used);
  std::vector<double> gramian = whole_gramian(comm, layout, matrix, used, scaling, settings, budget_bytes);
  if (!factor_by_threads(gramian, size)) {  // on every rank alike
    throw AgreedError(ExitCode::bad_data,
                      "the ridge of all items is not positive definite; expected a larger --penalty");
  }
  RidgeWeights found;
  found.hardest.condition = pivot_ratio(gramian, size);
  SparseRows& weights = found.weights;
  weights = {
      .rows = matrix.items, .total_rows = layout.count(), .column_count = layout.count(), .columns = {}, .values = {}};
  std::vector<Index> places;  // of this rank's items among the used ones
  for (Index place = 0; place < size; ++place) {
    if (matrix.items.contains(used[at(place)])) places.push_back(place);
  }
  weights.values.resize(places.size() * at(size > 0 ? size - 1 : 0));
  const double work = static_cast<double>(places.size()) * static_cast<double>(size) * static_cast<double>(size);
#pragma omp parallel num_threads(team_size(work))
  {
    std::vector<double> solved(at(size));
#pragma omp for schedule(dynamic)
    for (Index p = 0; p < std::ssize(places); ++p) {
      const Index own = places[at(p)];
      dense_ridge_weights(gramian, size, own, solved);
      float* row = weights.values.data() + p * (size - 1);
      for (Index i = 0; i < size; ++i) {
        if (i != own) *row++ = static_cast<float>(scaling.unscaled(used[at(i)], used[at(own)], solved[at(i)]));
      }
    }
  }
  std::size_t next = 0;
  for (Index item = matrix.items.begin; item < matrix.items.end; ++item) {
    if (next < places.size() && used[at(places[next])] == item) {
      for (const Index other : used) {
        if (other != item) weights.columns.push_back(other);
      }
      ++next;
    }
    weights.offsets.push_back(static_cast<Index>(weights.columns.size()));
  }
  return found;
}

}  // namespace rankwise
