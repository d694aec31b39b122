#pragma once
// How a fold divides one dataset: what it learns from the file before it can tell an interaction's part.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "distributed/comm/communicator.hpp"
#include "distributed/log/fold.hpp"
#include "distributed/rows/sparse_rows.hpp"
#include "kernels/base/types.hpp"

namespace rankwise {

/// A fold, and of a temporal one the times between which it validates.
struct FoldDivision {
  Fold fold;
  FoldOrigin origin = FoldOrigin::column;   ///< of the folds that the dataset holds
  std::int64_t last_trained_seconds = 0;    ///< since 1970; what is later is not trained on
  std::int64_t last_validated_seconds = 0;  ///< likewise
};

/// Whether it validates users whole, of whom a part is given for fold-in.
[[nodiscard]] bool divides_users(const FoldDivision& division);

/// Which mark of an interaction decides; none where user and item do.
[[nodiscard]] std::optional<EntryMark> deciding_mark(FoldKind kind);

/// The division by a fold, of a dataset that holds folds of this origin, or none; `marks` are those of this rank's
/// interactions, empty where none decides. A temporal fold cuts the time line into count + 1 parts of equal numbers of
/// interactions: cut k is the earliest that has at least floor(k n / (count + 1)) of all n before it and divides no
/// time. Fold number f, from 1, trains on what is before cut f and validates what is between cut f and the next one, or
/// the end. Collective over comm.
[[nodiscard]] FoldDivision divide_by(const Communicator& comm, const Fold& fold, FoldOrigin origin,
                                     std::vector<std::int64_t> marks);

/// The distinct numbers of all ranks' folds, ascending. Collective over comm.
[[nodiscard]] std::vector<Index> distinct_folds(const Communicator& comm, std::span<const std::int64_t> folds);

}  // namespace rankwise
