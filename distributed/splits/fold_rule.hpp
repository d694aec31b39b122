#pragma once
// Into which fold an interaction of a dataset falls, by a rule.

#include <cstdint>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/log/dataset.hpp"
#include "distributed/log/fold.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// interactions, users: one of `count` folds, by a draw that the seed and the ids key. times, bands: fold f holds what
/// is not before bound f - 1 and before bound f; the first and the last fold have one bound.
struct FoldRule {
  FoldOrigin origin = FoldOrigin::column;
  Index count = 0;                         ///< interactions, users: from 2 to most_folds
  std::vector<std::int64_t> cuts_seconds;  ///< times: since 1970, ascending, each once
  std::vector<double> bounds;              ///< bands: ascending, each once

  [[nodiscard]] Index folds() const;
};

/// Puts each interaction of the training part into its fold: by its merged value, and by the time of its latest row.
/// Does nothing by FoldOrigin::column: these are from the log. The other side of the matrix is to be made anew.
/// Collective over comm; `dataset` has times if the rule is of times.
void assign_folds(const Communicator& comm, const FoldRule& rule, std::uint64_t seed, Dataset& dataset);

/// Interactions of the training part in each fold, over all ranks: as many counts as `folds`. Collective over comm.
[[nodiscard]] std::vector<Index> count_folds(const Communicator& comm, const SparseRows& interactions, Index folds);

}  // namespace rankwise
