#include "distributed/itemcf/item_layout.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

#include "kernels/base/error.hpp"

namespace rankwise {

namespace {

/// An item without users costs some increments, too.
constexpr double increments_per_item = 64;

}  // namespace

ItemLayout lay_out_items(const Communicator& comm, const SparseRows& rows, std::span<const std::int64_t> entries) {
  const Index items = rows.column_count;
  if (items > std::numeric_limits<LocalIndex>::max())
    throw AgreedError(ExitCode::bad_data, "more than 2^31 items; an item-based model numbers them with 31 bits");
  ItemLayout layout;
  layout.item_of.resize(at(items));
  std::iota(layout.item_of.begin(), layout.item_of.end(), Index{0});
  std::ranges::stable_sort(layout.item_of, std::ranges::greater(), [&](Index item) { return entries[at(item)]; });
  layout.number_of.resize(at(items));
  for (Index number = 0; number < items; ++number)
    layout.number_of[at(layout.item_of[at(number)])] = static_cast<LocalIndex>(number);

  layout.increments.resize(at(items));
  for (std::size_t r = 0; r + 1 < rows.offsets.size(); ++r) {
    const Index size = rows.offsets[r + 1] - rows.offsets[r];
    for (Index e = rows.offsets[r]; e < rows.offsets[r + 1]; ++e) layout.increments[at(rows.columns[at(e)])] += size;
  }
  comm.all_reduce_sum(std::span<std::int64_t>(layout.increments));
  std::vector<double> costs(at(chunk_count(items)));
  for (Index item = 0; item < items; ++item)
    costs[at(item / chunk_rows)] += static_cast<double>(layout.increments[at(item)]) + increments_per_item;
  layout.items = Partition::by_cost(items, costs, comm.size());
  return layout;
}

}  // namespace rankwise
