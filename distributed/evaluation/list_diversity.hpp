#pragma once
// How different the items of a list are, by the factors of a model.

#include "distributed/als/factor_matrix.hpp"
#include "distributed/comm/communicator.hpp"
#include "distributed/evaluation/list_table.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// Fills the values of diversity in a table whose lists are kept: 1 - mean cosine of all pairs of the list's first k
/// items, by their first `factors` columns; 0 of a list of fewer than two. The cosine of factors that are all 0 is 0.
/// The same bits for any partition. Collective over comm.
void fill_diversity(const Communicator& comm, const ListQuestions& questions, const FactorMatrix& items, Index factors,
                    ListTable& table);

}  // namespace rankwise
