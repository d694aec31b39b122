#pragma once
// What each item of a user adds to the scores of listed items: w_ui s_ij.

#include <span>
#include <vector>

#include "distributed/itemcf/item_lists.hpp"
#include "distributed/ranking/explanation.hpp"
#include "distributed/rows/sparse_rows.hpp"

namespace rankwise {

/// Terms of each item of a list, in its order.
using ListTerms = std::vector<std::vector<ScoreTerm>>;

/// Of each of `rows` (local, in `histories`), whose list has `listed` items, terms that are not 0, ascending by item.
/// They sum to the score before it is rounded, without boosts. Collective over comm if reading weights is.
[[nodiscard]] std::vector<ListTerms> item_terms(const ItemScorer& scorer, const SparseRows& histories,
                                                std::span<const Index> rows,
                                                const std::vector<std::vector<Index>>& listed);

}  // namespace rankwise
