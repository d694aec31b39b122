#include "distributed/denoising/edited_pairs.hpp"

#include <algorithm>
#include <optional>

#include "distributed/log/select_part.hpp"
#include "distributed/rows/partition.hpp"

namespace rankwise {

namespace {

/// Calls `visit` with each entry's place and whether its pair is one of `pairs`.
template <class Value, class Visit>
void for_each_entry(const CsrRows<Value>& rows, std::span<const TrainedPair> pairs, const Visit& visit) {
  for (Index row = 0; row < rows.rows.size(); ++row) {
    const auto begin = static_cast<std::size_t>(rows.offsets[static_cast<std::size_t>(row)]);
    const auto end = static_cast<std::size_t>(rows.offsets[static_cast<std::size_t>(row) + 1]);
    for (std::size_t entry = begin; entry < end; ++entry) {
      const TrainedPair pair{rows.rows.begin + row, rows.columns[entry]};
      visit(row, entry, std::ranges::binary_search(pairs, pair));
    }
  }
}

template <class Value>
CsrRows<Value> without_pairs(const CsrRows<Value>& rows, std::span<const TrainedPair> pairs) {
  CsrRows<Value> kept{
      .rows = rows.rows, .total_rows = rows.total_rows, .column_count = rows.column_count, .columns = {}, .values = {}};
  kept.offsets.assign(rows.offsets.size(), 0);
  if (rows.times_seconds) kept.times_seconds.emplace();
  if (rows.folds) kept.folds.emplace();
  for_each_entry(rows, pairs, [&](Index row, std::size_t entry, bool is_dropped) {
    if (is_dropped) return;
    kept.columns.push_back(rows.columns[entry]);
    kept.values.push_back(rows.values[entry]);
    if (rows.times_seconds) kept.times_seconds->push_back((*rows.times_seconds)[entry]);
    if (rows.folds) kept.folds->push_back((*rows.folds)[entry]);
    ++kept.offsets[static_cast<std::size_t>(row) + 1];
  });
  for (std::size_t row = 1; row < kept.offsets.size(); ++row) kept.offsets[row] += kept.offsets[row - 1];
  return kept;
}

template <class Value>
void multiply(CsrRows<Value>& rows, std::span<const TrainedPair> pairs, double factor) {
  for_each_entry(rows, pairs, [&](Index, std::size_t entry, bool counts_less) {
    if (counts_less) rows.values[entry] = static_cast<Value>(static_cast<double>(rows.values[entry]) * factor);
  });
}

/// Matrices that are absent if they have no entries.
template <class Matrix>
void drop_from(const Communicator& comm, std::span<const TrainedPair> pairs, const Partition& items,
               std::optional<BothSides<Matrix>>& sides) {
  if (!sides) return;
  sides->by_user = without_pairs(sides->by_user, pairs);
  if (comm.sum(sides->by_user.entries()) == 0) {
    sides.reset();
    return;
  }
  sides->by_item = transpose(comm, sides->by_user, items);
}

Partition items_of(const Communicator& comm, const Dataset& dataset) {
  return Partition::by_count(dataset.items.total_rows, comm.size());
}

}  // namespace

void drop_pairs(const Communicator& comm, std::span<const TrainedPair> pairs, Dataset& dataset) {
  const Partition items = items_of(comm, dataset);
  dataset.interactions = without_pairs(dataset.interactions, pairs);
  dataset.interactions_by_item = transpose(comm, dataset.interactions, items);
  drop_from(comm, pairs, items, dataset.log_rows);
  drop_from(comm, pairs, items, dataset.repeated);
  if (dataset.validation) drop_from(comm, pairs, items, dataset.validation->repeated);
}

void weigh_pairs(const Communicator& comm, std::span<const TrainedPair> pairs, double factor, Dataset& dataset) {
  const Partition items = items_of(comm, dataset);
  multiply(dataset.interactions, pairs, factor);
  dataset.interactions_by_item = transpose(comm, dataset.interactions, items);
  if (!dataset.log_rows) return;
  multiply(dataset.log_rows->by_user, pairs, factor);
  dataset.log_rows->by_item = transpose(comm, dataset.log_rows->by_user, items);
}

}  // namespace rankwise
