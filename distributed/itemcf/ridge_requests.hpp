#pragma once
// Sums of pairs of items that a rank asks of the ranks that count them.

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/itemcf/item_layout.hpp"
#include "distributed/itemcf/pair_matrix.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// For some items, by number, the others with which their sums are wanted.
struct PairRequests {
  std::vector<LocalIndex> numbers;  ///< in the order of their items, so that owners are contiguous
  std::vector<Index> offsets{0};
  std::vector<LocalIndex> partners;

  void add(LocalIndex number, std::span<const LocalIndex> with) {
    numbers.push_back(number);
    partners.insert(partners.end(), with.begin(), with.end());
    offsets.push_back(static_cast<Index>(partners.size()));
  }
};

/// The sums of the requested pairs, one for each of `partners`, in squared quanta. Each owner counts an item once,
/// whoever asks for it. `budget_bytes`: see count_common. Collective over comm.
[[nodiscard]] std::vector<std::int64_t> answer_requests(const Communicator& comm, const ItemLayout& layout,
                                                        const PairMatrix& matrix, const PairRequests& requests,
                                                        Index budget_bytes);

}  // namespace rankwise
