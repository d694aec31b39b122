#pragma once
// Item-item cosine over the training part: score(u, j) = sum over the user's items i of C_ij / sqrt(n_i n_j), C_ij:
// users who have both, n_i: users who have i, an item itself left out. Exact and plain: every pair of items is counted.

#include "distributed/comm/communicator.hpp"
#include "distributed/evaluation/heldout_rows.hpp"
#include "distributed/evaluation/list_table.hpp"
#include "distributed/rows/sparse_rows.hpp"

namespace rankwise {

/// What such lists are worth to this rank's users. `training`: this rank's share of the training rows, by user, of any
/// partition. Users of whom nothing is known get the popular items. Items are taken in blocks of columns; a block's
/// counts and weights take at most 64 MiB a rank (or one column), and lists are made for at most 256 MiB of users at a
/// time. Operations: training entries x items a user, and held-out users x their items x items. The same bits for any
/// partition. Collective over comm.
[[nodiscard]] ListTable item_cosine_lists(const Communicator& comm, const ListQuestions& questions,
                                          const HeldoutRows& rows, const SparseRows& training);

}  // namespace rankwise
