#pragma once
// What items have in common with all others: each rank counts its own items over all users.

#include <functional>
#include <span>

#include "distributed/comm/communicator.hpp"
#include "distributed/itemcf/item_layout.hpp"
#include "distributed/itemcf/pair_matrix.hpp"
#include "kernels/base/types.hpp"
#include "kernels/itemcf/common_users.hpp"

namespace rankwise {

/// Called once for each wanted item, by its place among them, with its sums over all users; several threads call at a
/// time, and `thread` says which one does. Leaves all sums at 0 (CommonUsers::drain).
using TakeCommon = std::function<void(Index place, CommonUsers& common, int thread)>;

/// Threads that call TakeCommon at most.
[[nodiscard]] int counting_threads();

/// With which others an item is counted: all, or those of lower numbers, which are the more popular ones: half of the
/// pairs.
enum class CountedWith { all, lower_numbers };

struct CountRequest {
  std::span<const Index> wanted;  ///< of this rank's items, local, ascending
  CountedWith with = CountedWith::all;
  CommonUsers::Counting counting = CommonUsers::Counting::sums;
  Index budget_bytes = 0;  ///< of other ranks' rows at a time; 0: no bound. A rank alone needs none
};

/// Counts this rank's wanted items, and returns how many pairs of items of a user that was. BEFORE: users' rows with
/// their owners. AFTER: each batch of items has had its users' rows here. Beside them each thread has
/// CommonUsers::bytes. Collective over comm.
Index count_common(const Communicator& comm, const ItemLayout& layout, const PairMatrix& matrix,
                   const CountRequest& request, const TakeCommon& take);

/// All of a rank's items.
[[nodiscard]] std::vector<Index> all_items(const PairMatrix& matrix);

}  // namespace rankwise
