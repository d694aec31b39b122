#pragma once
// Which rank counts which items, and how items are numbered while they are counted.

#include <cstdint>
#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/rows/partition.hpp"
#include "distributed/rows/sparse_rows.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// The same on every rank.
struct ItemLayout {
  Partition items;                       ///< of items as the dataset has them, of nearly equal increments
  std::vector<LocalIndex> number_of;     ///< of each item: items with most users first, ties to the lower item
  std::vector<Index> item_of;            ///< of each number
  std::vector<std::int64_t> increments;  ///< of each item: the sum over its users of their items

  [[nodiscard]] Index count() const { return static_cast<Index>(item_of.size()); }
};

/// `rows`: of this rank's users; `entries`: users of each item, over all ranks. Throws AgreedError(bad_data) for more
/// than 2^31 items. Collective over comm.
[[nodiscard]] ItemLayout lay_out_items(const Communicator& comm, const SparseRows& rows,
                                       std::span<const std::int64_t> entries);

}  // namespace rankwise
