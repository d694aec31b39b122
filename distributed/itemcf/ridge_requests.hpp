#pragma once
// Sums of pairs of items that a rank asks of the ranks that count them.

#include <cstdint>
#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/itemcf/item_layout.hpp"
#include "distributed/itemcf/pair_matrix.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// For some items, by number, the others with which their sums are wanted, all of lower numbers.
struct PairRequests {
  std::vector<LocalIndex> numbers;  ///< in the order of their items, so that owners are contiguous
  std::vector<Index> offsets{0};
  std::vector<LocalIndex> partners;
};

struct PairAnswers {
  std::vector<std::int64_t> sums;  ///< one for each of PairRequests::partners, in squared quanta
  Index counted_pairs = 0;         ///< of items of a user, that this rank has counted for them
};

/// What a pair takes on a rank that asks for it and is asked for it.
[[nodiscard]] Index requested_pair_bytes(const Communicator& comm);

/// The sums of the requested pairs. Each owner counts an item once, whoever asks for it, and only with items of lower
/// numbers. `budget_bytes`: see CountRequest. Collective over comm.
[[nodiscard]] PairAnswers answer_requests(const Communicator& comm, const ItemLayout& layout, const PairMatrix& matrix,
                                          const PairRequests& requests, Index budget_bytes);

}  // namespace rankwise
